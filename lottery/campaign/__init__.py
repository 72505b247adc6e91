"""A campaign as a whole: what its trainings will take, and where they are. Needs no torch."""
