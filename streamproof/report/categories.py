"""Kinds of failure, by the type of the error: a broken promise is not a broken test."""

from streamproof.errors import ArtifactError, ClusterError, PromiseViolated, RegistryError, SubjectError, Unproven

LABEL = "failure"  # of a test in Allure's results
CATEGORIES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("Promise violated", (PromiseViolated,)),
    ("Unproven", (Unproven,)),
    ("Environment", (ClusterError, RegistryError, ArtifactError)),
    ("Subject did not run", (SubjectError,)),
)


def category_of(error: BaseException) -> str | None:
    """The category's name; None for an error that is none of Streamproof's."""
    return next((name for name, types in CATEGORIES if isinstance(error, types)), None)
