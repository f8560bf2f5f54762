"""The broker: intake, identity, picture, rules, routing, and what tells people."""
