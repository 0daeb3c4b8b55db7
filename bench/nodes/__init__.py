"""One huge slice through each automatic node of a room by itself: seconds and peak memory of each."""
