from mnist_nn.engines.compiled.tuner import LONGEST_WAIT, PIECE, TRIAL, ThreadTuner


def work(
    tuner: ThreadTuner, seconds: dict[int, float], pieces: int
) -> list[tuple[int, int | None]]:
    """Let a tuner choose at these speeds, in seconds per batch by number of threads."""
    done = []
    for _ in range(pieces):
        piece = tuner.next_piece()
        done.append(piece)
        tuner.record(piece[0], seconds[piece[0]])
    return done


def test_each_size_is_tried_shortly_and_the_fastest_taken() -> None:
    assert work(ThreadTuner({1, 2}), {1: 2.0, 2: 1.1}, 4) == [
        *((1, TRIAL), (2, TRIAL)),
        *((2, PIECE), (2, PIECE)),
    ]
    assert work(ThreadTuner({1, 2}), {1: 2.0, 2: 300.0}, 3)[-1] == (1, PIECE)


def test_a_number_of_threads_that_is_held_up_is_left_after_a_piece_and_tried_again_later() -> None:
    tuner = ThreadTuner({1, 4})
    work(tuner, {1: 3.0, 4: 1.0}, 10)
    assert [threads for threads, _ in work(tuner, {1: 3.0, 4: 500.0}, 3)] == [4, 1, 1]
    later = work(tuner, {1: 3.0, 4: 1.0}, 200)
    assert later[-1] == (4, PIECE)  # the processors are free again


def test_a_single_hiccup_changes_nothing() -> None:
    tuner = ThreadTuner({1, 2})
    work(tuner, {1: 3.0, 2: 1.0}, 10)
    work(tuner, {1: 3.0, 2: 4.0}, 1)
    assert tuner.next_piece() == (2, PIECE)


def test_where_there_is_no_choice_all_is_one_piece() -> None:
    assert work(ThreadTuner({1}), {1: 1.0}, 2) == [(1, None)] * 2
    assert work(ThreadTuner({3}), {3: 1.0}, 2) == [(3, None)] * 2


def test_retrials_cost_little_where_they_never_pay() -> None:
    """Two threads that take a hundred times as long: less than a tenth more in all."""
    seconds = {1: 1.0, 2: 100.0}
    done = work(ThreadTuner({1, 2}), seconds, 2 * LONGEST_WAIT)
    batches = [(threads, n) for threads, n in done if n is not None]
    spent = sum(seconds[threads] * n for threads, n in batches)
    assert spent < 1.1 * sum(n for _, n in batches)
