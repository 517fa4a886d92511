import numpy as np

from ruwanli.neighbours import nearest


def test_exact_in_blocks_with_ties_to_the_lower_index() -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(3000, 8)).astype(np.float32)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    pool[7] = pool[3]
    found = nearest(pool[:1500], pool, 4)
    assert found[3].tolist()[:2] == [3, 7] and found[7].tolist()[:2] == [3, 7]
    brute = np.argsort(-(pool[:1500] @ pool.T), axis=1, kind="stable")[:, :4]
    assert (found == brute).all()


def test_a_small_pool_gives_what_it_has() -> None:
    pool = np.eye(2, dtype=np.float32)
    assert nearest(pool, pool, 5).shape == (2, 2)
