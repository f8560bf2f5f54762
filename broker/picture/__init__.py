"""One child's picture: who is involved, who leads, what plan is open, and the facts rules read."""
