"""The values that rooms hand to each other; pure, no room's own business."""
