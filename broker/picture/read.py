"""What each type of event adds to a picture; pure.

The one place that knows which event types are neglect indicators, hardship, a closed
contact and so on. Sources: learning themes 1, 1b, 2, 18, 21, 28 and vocabulary 3.2-3.5.
"""
