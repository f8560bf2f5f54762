"""Closed lists of what was seen, used by several agencies' events."""

from enum import StrEnum


class NeglectIndicator(StrEnum):
    """Signs that add up across agencies (learning theme 1). Hardship is not among them."""

    HOME_CONDITIONS = "home_conditions"
    HUNGER = "hunger"
    CLOTHING = "clothing"
    HYGIENE = "hygiene"
    LATE_COLLECTION = "late_collection"
    WAS_NOT_BROUGHT = "was_not_brought"
    DENTAL_DECAY = "dental_decay"
    UNMET_HEALTH_NEED = "unmet_health_need"
    SUPERVISION = "supervision"


class HardshipSign(StrEnum):
    """Signs that a family may want help (learning theme 1b). Never a concern about care."""

    EVICTION_NOTICE = "eviction_notice"
    TEMPORARY_ACCOMMODATION = "temporary_accommodation"
    BENEFIT_STOPPED = "benefit_stopped"
    UTILITY_OR_FOOD_HELP = "utility_or_food_help"
    NEW_FREE_SCHOOL_MEALS = "new_free_school_meals"


INDICATORS_MAX = 9
