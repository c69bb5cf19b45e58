/* A sum of bytes over all ranks that all of them get, in microseconds. */
#include "measure.h"

static void sums(char *bytes, int size) {
    for (int number = 0; number < times(size); number++)
        MPI_Allreduce(bytes, bytes + LARGEST, size, MPI_CHAR, MPI_SUM, MPI_COMM_WORLD);
}

static double microseconds(double seconds, int size) {
    return seconds / times(size) * 1e6;
}

int main(void) {
    return measured(sums, microseconds);
}
