from pathlib import Path

from training.checkpoints import checkpoint_at, mark_complete, newest_complete, only


def write(folder: Path, step: int, complete: bool = True) -> Path:
    checkpoint = checkpoint_at(folder, step)
    (checkpoint / "1_Pooling").mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    (checkpoint / "1_Pooling" / "config.json").write_text("{}")
    if complete:
        mark_complete(checkpoint)
    return checkpoint


def test_the_newest_whole_checkpoint_is_found_by_number_and_the_broken_removed(
    tmp_path: Path,
) -> None:
    assert newest_complete(tmp_path) is None
    write(tmp_path, 90)
    whole = write(tmp_path, 100)
    unmarked = write(tmp_path, 110, complete=False)
    truncated = write(tmp_path, 120)
    (truncated / "model.safetensors").write_bytes(b"weig")
    assert newest_complete(tmp_path) == whole
    assert not unmarked.exists()
    assert not truncated.exists()


def test_checkpoints_of_other_settings_are_removed(tmp_path: Path) -> None:
    old = write(tmp_path / "old", 5)
    assert only(tmp_path / "new").is_dir()
    assert not old.exists()
