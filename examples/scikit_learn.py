# %% [markdown]
# # In scikit-learn
#
# `mnist_nn.sklearn.MLPClassifier` takes the place of scikit-learn's own: it has the same
# parameters, methods and attributes, and some more. You need
# `pip install 'mnist-nn[fast,plots,sklearn]'`.
#
# The data are scikit-learn's digits: 1,797 images of 8×8 pixels, with a brightness of 0 to 16.

# %%
import matplotlib.pyplot as plt
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mnist_nn
from mnist_nn.sklearn import MLPClassifier

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    x / 16, y, test_size=500, stratify=y, random_state=0
)

# %% [markdown]
# ## The same settings, the same result
#
# Replace the import, and a program works as before. Both start from the same weights, and only
# the order in which they see the samples differs. On more data than these it is faster.

# %%
settings = {"learning_rate_init": 0.01, "early_stopping": True, "random_state": 0}
classifiers = {
    "scikit-learn": sklearn.neural_network.MLPClassifier(**settings),
    "mnist-nn": MLPClassifier(**settings),
}
for name, classifier in classifiers.items():
    score = classifier.fit(x_train, y_train).score(x_test, y_test)
    print(f"{name:12} {score:.1%} right after {classifier.n_iter_} epochs")
    assert score > 0.9

# %%
classifier = classifiers["mnist-nn"]
print(classification_report(y_test, classifier.predict(x_test)))
plt.plot(classifier.loss_curve_, label="loss")
plt.plot(classifier.validation_scores_, label="accuracy on held-out samples")
plt.xlabel("epoch")
plt.legend()
plt.show()

# %% [markdown]
# ## In a pipeline
#
# Cross-validation clones and fits it five times, each time with another fifth to be tested on. The
# digits are sorted by who wrote them, so each fifth is by people that it has not learned from, and
# the scores are lower than above.

# %%
pipeline = make_pipeline(StandardScaler(), MLPClassifier(**settings))
scores = cross_val_score(pipeline, x, y, cv=5)
print(f"{scores.mean():.1%}, from {scores.min():.1%} to {scores.max():.1%}")
assert scores.min() > 0.8

# %% [markdown]
# A grid search tries settings. Those of a step have its name in front; `dropout` is one that
# scikit-learn's classifier does not have.

# %%
search = GridSearchCV(
    pipeline,
    {"mlpclassifier__hidden_layer_sizes": [(20,), (100,)], "mlpclassifier__dropout": [0, 0.2]},
    cv=2,
)
search.fit(x_train, y_train)
print(search.best_params_, f"{search.best_score_:.1%}")

# %% [markdown]
# ## What else there is
#
# `label_smoothing`, a `schedule` of the learning rate, a `class_weight`, and for images
# `augmentation`: in each epoch every image is distorted anew, as if others had written it. The
# images are then given as bytes of 0 to 255, and scaled to 0 to 1 inside. Here are 2,000 digits of
# MNIST, with and without.

# %%
digits = mnist_nn.load_dataset("mnist-sample")
x, y = digits.train.x[:2000], digits.train.y[:2000]
settings = {"learning_rate_init": 0.003, "batch_size": 100, "early_stopping": True}
plain = MLPClassifier(**settings, n_iter_no_change=5, random_state=0)
plain.fit(x / 255, y)
print(f"as they are: {plain.score(digits.test.x / 255, digits.test.y):.1%} right")

distortions = mnist_nn.Augmentation(rotation=10, shift=1)
distorted = MLPClassifier(**settings, n_iter_no_change=5, random_state=0, augmentation=distortions)
distorted.fit(x, y)
print(f"distorted: {distorted.score(digits.test.x, digits.test.y):.1%} right")
assert distorted.score(digits.test.x, digits.test.y) > plain.score(
    digits.test.x / 255, digits.test.y
)

# %% [markdown]
# `distorted.network_` is the network behind it, a `mnist_nn.Network`, and shows its layers.

# %%
distorted.network_
