"""What was done, by whom, why and by what right: one entry for each act, with the act.

`append` runs in the transaction of the act it records, so neither stands without the other.
Entries wait in `audit.pending` for the sequencer that will give them their place in a
Merkle log; their bytes are final from the first day and are hashed as stored.
"""
