"""One training: the loop, its schedule, the mask's hold on the weights, its progress."""
