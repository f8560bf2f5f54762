"""The lead professional's pages: an inbox, an alert with its reasons, a child's chronology.

Every page works without JavaScript. Every page with a child's data is logged before it is
shown; a view that cannot be logged does not happen.
"""
