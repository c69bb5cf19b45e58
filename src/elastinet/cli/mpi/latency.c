/* One way of a message between two ranks, in microseconds: half of there and back. */
#include "measure.h"

static void round_trips(char *bytes, int size) {
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int number = 0; number < times(size) && rank < 2; number++) {
        if (rank)
            MPI_Recv(bytes, size, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(bytes, size, MPI_CHAR, !rank, 0, MPI_COMM_WORLD);
        if (!rank)
            MPI_Recv(bytes, size, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static double microseconds(double seconds, int size) {
    return seconds / times(size) / 2 * 1e6;
}

int main(void) {
    return measured(round_trips, microseconds);
}
