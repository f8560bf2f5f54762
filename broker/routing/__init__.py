"""Who must know, who may know, and the least they need."""
