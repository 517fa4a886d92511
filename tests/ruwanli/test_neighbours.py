import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from ruwanli.neighbours import nearest


def brute(queries: npt.NDArray[np.float32], pool: npt.NDArray[np.float32], k: int) -> list[object]:
    found: list[object] = np.argsort(-(queries @ pool.T), axis=1, kind="stable")[:, :k].tolist()
    return found


@given(
    st.integers(1, 40), st.integers(1, 60), st.integers(0, 8), st.integers(1, 20), st.integers(0, 9)
)
def test_exact_whatever_the_blocks_with_ties_to_the_lower_index(
    queries: int, pool: int, k: int, block: int, seed: int
) -> None:
    # Small whole numbers: sums are exact in any order, and many rows tie.
    rng = np.random.default_rng(seed)
    first = rng.integers(-2, 3, size=(queries, 4)).astype(np.float32)
    second = rng.integers(-2, 3, size=(pool, 4)).astype(np.float32)
    found = nearest(first, second, k, blocks=(7, block))
    assert found.shape == (queries, min(k, pool))
    assert found.tolist() == brute(first, second, k)


def test_unit_rows_over_several_blocks() -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(3000, 8)).astype(np.float32)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    pool[7] = pool[3]
    found = nearest(pool[:1500], pool, 4, blocks=(400, 700))
    assert found[3].tolist()[:2] == [3, 7] and found[7].tolist()[:2] == [3, 7]
    assert found.tolist() == brute(pool[:1500], pool, 4)


def test_a_small_pool_gives_what_it_has() -> None:
    pool = np.eye(2, dtype=np.float32)
    assert nearest(pool, pool, 5).shape == (2, 2)
