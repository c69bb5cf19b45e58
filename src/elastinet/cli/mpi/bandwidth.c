/* What arrives from one rank at another that has many messages under way at a time, in megabytes a second. */
#include "measure.h"

/* No more than a receiver has buffers for by Open MPI's btl ofi, 10: what is sent beyond them is tried again and
   again, and each try costs memory that never comes back. */
enum { WINDOW = 8 };

static void windows(char *bytes, int size) {
    int rank;
    MPI_Request requests[WINDOW];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int number = 0; number < (times(size) + 9) / 10 && rank < 2; number++) {
        for (int message = 0; message < WINDOW; message++)
            if (rank)
                MPI_Irecv(bytes, size, MPI_CHAR, 0, 0, MPI_COMM_WORLD, requests + message);
            else
                MPI_Isend(bytes, size, MPI_CHAR, 1, 0, MPI_COMM_WORLD, requests + message);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        if (rank)
            MPI_Send(NULL, 0, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
        else
            MPI_Recv(NULL, 0, MPI_CHAR, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static double megabytes_a_second(double seconds, int size) {
    return (times(size) + 9) / 10 * (double)WINDOW * size / seconds / 1e6;
}

int main(void) {
    return measured(windows, megabytes_a_second);
}
