"""Thread tuner: how many threads share a batch, as many as are fastest at the moment.

Several threads meet some four times in a batch of dozens of microseconds. Where each has a
processor to itself, that costs next to nothing. Where other processes want the processors too, a
thread that waits may have to wait for one that the system has not let run for some milliseconds,
and the batch takes a hundred times as long as it would on a single thread. Who else is busy cannot
be known, but how long a piece of work took can be measured; and as the number of threads changes no
bit of the result, it may change at any time.
"""

TRIAL = 16  # batches that show how fast a number of threads is
PIECE = 128  # batches that are run by one number of threads
RETRIAL = 4  # batches for which the slower number is tried again
FIRST_WAIT, LONGEST_WAIT = 50, 800  # pieces between retrials, which grow rarer


class ThreadTuner:
    """Chooses between the given numbers of threads, one or two, by how long they took lately."""

    def __init__(self, sizes: set[int]) -> None:
        self.pace = dict.fromkeys(sorted(sizes), 0.0)  # seconds per batch; 0 before a trial
        self.wait = self.left = FIRST_WAIT  # pieces between retrials, and until the next one

    def next_piece(self) -> tuple[int, int | None]:
        """Return how many threads run the next piece, of how many groups; None for all."""
        if len(self.pace) == 1:
            return next(iter(self.pace)), None
        fastest, slowest = sorted(self.pace, key=lambda threads: self.pace[threads])
        self.left -= 1
        if self.left > 0:
            return fastest, PIECE if self.pace[fastest] else TRIAL
        self.wait = self.left = min(2 * self.wait, LONGEST_WAIT)
        return slowest, RETRIAL

    def record(self, threads: int, seconds_per_batch: float) -> None:
        """Store how long a piece took per group; one slower than those before counts half."""
        before = self.pace[threads] or seconds_per_batch
        self.pace[threads] = min(seconds_per_batch, (before + seconds_per_batch) / 2)
