/* What the three measurements share: sizes, and the median of some rounds. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 16, LARGEST = 1 << 20, STEP = 4, ROUNDS = 7 };

static int later(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* How often a message of a size goes in one round, so that a round takes some milliseconds. */
static int times(int size) {
    return size <= 4096 ? 100 : size <= 65536 ? 20 : 4;
}

/* The median time of a round, in seconds; the first round, in which connections are made, is left out. */
static double median_seconds(void (*round)(char *, int), char *bytes, int size) {
    double seconds[ROUNDS];
    for (int number = -1; number < ROUNDS; number++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double began = MPI_Wtime();
        round(bytes, size);
        if (number >= 0)
            seconds[number] = MPI_Wtime() - began;
    }
    qsort(seconds, ROUNDS, sizeof *seconds, later);
    return seconds[ROUNDS / 2];
}

/* Measure all sizes, and have rank 0 print each with what its round's time stands for. */
static int measured(void (*round)(char *, int), double (*figure)(double seconds, int size)) {
    int rank;
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    char *bytes = malloc(2 * (size_t)LARGEST);
    memset(bytes, 1, 2 * (size_t)LARGEST);
    for (int size = SMALLEST; size <= LARGEST; size *= STEP) {
        double seconds = median_seconds(round, bytes, size);
        if (!rank)
            printf("%d %.3f\n", size, figure(seconds, size));
    }
    free(bytes);
    return MPI_Finalize();
}
