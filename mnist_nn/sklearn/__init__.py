"""The network as a scikit-learn classifier: `MLPClassifier`, of the extra ``sklearn``."""

from ..extras import install_command

try:
    from sklearn.utils.validation import validate_data  # noqa: F401, new in scikit-learn 1.6
except ImportError as error:
    raise ImportError(
        f"mnist_nn.sklearn needs scikit-learn 1.6 or later\n{install_command('sklearn')}"
    ) from error

from .classifier import MLPClassifier

__all__ = ["MLPClassifier"]
