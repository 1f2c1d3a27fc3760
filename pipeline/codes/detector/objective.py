"""The loss and its parts as Keras wants them, and the optimizer."""

from typing import Any

import keras

from pipeline.codes.detector.locations import Locations, locations
from pipeline.codes.detector.losses import detection_loss


def compile_network(network: keras.Model, size: int, optimizer: keras.Optimizer) -> None:
    """Make a network trainable on batches of (brightness, truth)."""
    places = locations(size)
    network.compile(
        optimizer=optimizer,
        loss=_Total(places),
        metrics=[_Part("classes", places), _Part("boxes", places)],
    )


def adamw(
    learning_rate: float, warmup_steps: int, steps: int, weight_decay: float
) -> keras.Optimizer:
    """Return AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with a cosine schedule.

    Args:
        learning_rate: The highest; the rate rises to it in a line, then falls along a cosine.
        warmup_steps: Steps until it is reached.
        steps: All steps.
        weight_decay: Of the kernels; biases and normalisation are left alone.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=learning_rate / 100,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, steps - warmup_steps),
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay, global_clipnorm=10.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


class _Total(keras.losses.Loss):
    """The loss of a batch."""

    def __init__(self, places: Locations) -> None:
        super().__init__(name="total", reduction=None)
        self._places = places

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return detection_loss(y_true, y_pred, self._places).total()


class _Part(keras.metrics.Mean):
    """One part of the loss, averaged over batches."""

    def __init__(self, part: str, places: Locations) -> None:
        super().__init__(name=part)
        self._part = part
        self._places = places

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        del sample_weight
        loss = detection_loss(y_true, y_pred, self._places)
        super().update_state(getattr(loss, self._part))
