"""What a run of a given size takes, computed from measured rates (`docs/scale.md`)."""
