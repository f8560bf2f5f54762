"""Every metric, declared once. Labels come from closed lists only; never a child or a place."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

REGISTRY = CollectorRegistry()

LATENCY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86_400)

EVENTS_ACCEPTED = Counter(
    "fullpicture_events_accepted", "Events placed or held, by agency", ["agency"], registry=REGISTRY
)
EVENTS_PLACED = Counter(
    "fullpicture_events_placed", "Events placed on a chronology", registry=REGISTRY
)
EVENTS_HELD = Counter("fullpicture_events_held", "Events that wait for a person", registry=REGISTRY)
EVENTS_DUPLICATE = Counter(
    "fullpicture_events_duplicate", "Events seen before, receipted again", registry=REGISTRY
)
EVENTS_REFUSED = Counter(
    "fullpicture_events_refused", "Records quarantined, by reason", ["reason"], registry=REGISTRY
)
ALERTS_OPENED = Counter(
    "fullpicture_alerts_opened", "Alerts opened, by rule", ["rule"], registry=REGISTRY
)
CROWDED_KEYS = Counter(
    "fullpicture_match_keys_crowded", "Match keys shared by too many children", registry=REGISTRY
)
BATCH_SECONDS = Histogram(
    "fullpicture_batch_seconds", "One batch's whole journey", registry=REGISTRY
)
EVENT_LATENCY = Histogram(
    "fullpicture_event_latency_seconds",
    "From Kafka's timestamp to the end of a stage",
    ["stage"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
STALE_BATCHES = Counter(
    "fullpicture_stale_batches", "Batches refused: the partition had moved on", registry=REGISTRY
)
LAG_SECONDS = Gauge(
    "fullpicture_lag_seconds", "Age of the oldest event not handled yet", registry=REGISTRY
)
ALERTS_STANDING = Gauge(
    "fullpicture_alerts", "Alerts standing, by state", ["state"], registry=REGISTRY
)
ALERTS_OVERDUE = Gauge(
    "fullpicture_alerts_overdue", "Open alerts past their due time", registry=REGISTRY
)
ALERTS_UNROUTED = Gauge(
    "fullpicture_alerts_unrouted", "Open alerts that found nobody", registry=REGISTRY
)
ALERT_OLDEST_SECONDS = Gauge(
    "fullpicture_alert_oldest_seconds", "Age of the oldest open alert", registry=REGISTRY
)
REVIEWS_WAITING = Gauge(
    "fullpicture_reviews_waiting", "Events a person must place", registry=REGISTRY
)
REVIEW_OLDEST_SECONDS = Gauge(
    "fullpicture_review_oldest_seconds", "Age of the oldest of them", registry=REGISTRY
)
FEED_EVENT_AGE = Gauge(
    "fullpicture_feed_last_event_seconds", "Since an agency's last event", ["agency"],
    registry=REGISTRY,
)  # fmt: skip
FEED_SILENT = Gauge(
    "fullpicture_feed_silent", "1 while an agency has gone silent", ["agency"], registry=REGISTRY
)
FEED_GAP = Gauge(
    "fullpicture_feed_gap", "1 while an agency's sequence has a gap", ["agency"], registry=REGISTRY
)
QUARANTINE_HELD = Gauge("fullpicture_quarantine_held", "Records in quarantine", registry=REGISTRY)
OUTBOX_OLDEST_SECONDS = Gauge(
    "fullpicture_outbox_oldest_seconds", "Age of the oldest message not sent", registry=REGISTRY
)
OUTBOX_SENT = Counter(
    "fullpicture_outbox_sent", "Messages sent, by topic", ["topic"], registry=REGISTRY
)
PRODUCER_REBUILT = Counter(
    "fullpicture_producer_rebuilt", "Producers thrown away", registry=REGISTRY
)
NOTIFICATIONS = Counter(
    "fullpicture_notifications", "Doorbells rung", ["kind", "outcome"], registry=REGISTRY
)
ESCALATIONS = Counter("fullpicture_escalations", "Alerts passed on unanswered", registry=REGISTRY)
VIEWS = Counter("fullpicture_views", "Pages with a child's data shown", registry=REGISTRY)
VIEWS_DENIED = Counter("fullpicture_views_denied", "Views refused", registry=REGISTRY)
BUILD = Info("fullpicture_build", "What runs", registry=REGISTRY)
