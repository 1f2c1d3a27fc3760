"""The network: a small residual backbone, a feature pyramid, and one head for all its levels.

It looks at brightness alone. A code is black on white in any light and print, and the colours of
made pictures are what resembles real ones least.
"""

import math
from typing import Any

import keras

from pipeline.codes.kinds import CodeKind

# Channels of the backbone at strides 2, 4, 8, 16 and 32, and residual blocks after each but the
# first. Plain 3 x 3 convolutions: on a CPU, depthwise ones save sums but little time.
CHANNELS = (16, 32, 64, 128, 192)
BLOCKS = (1, 2, 3, 2)
PYRAMID_CHANNELS = 64
# Of the running averages: short, so that they are right after a few hundred steps.
_NORMALISATION_MOMENTUM = 0.97
_DISTANCES = 4
# Focal losses start from rare objects (Lin et al. 2017, arXiv:1708.02002, section 4.1).
_PRIOR_PROBABILITY = 0.01


def build_network(size: int, policy: str = "float32") -> keras.Model:
    """Build the network, with random weights.

    Args:
        size: Side of the input in pixels, a multiple of 32.
        policy: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`; the weights and the output
            are float32 in both.

    Returns:
        A model from float32 [B, size, size, 1], brightness -1..1, to float32
        [B, L, classes + 4]: class logits, then logarithmic distances, for the `locations`.
    """
    builder = _Builder(policy)
    pixels = keras.Input((size, size, 1), name="brightness")
    outputs = builder.head(builder.pyramid(builder.backbone(pixels)))
    return keras.Model(pixels, outputs, name="codes")


class _Builder:
    """Puts the layers together; holds what they share."""

    def __init__(self, policy: str) -> None:
        self._policy = policy

    def backbone(self, pixels: Any) -> list[Any]:
        """Return the feature maps of strides 8, 16 and 32."""
        features = self._convolve(pixels, CHANNELS[0], stride=2)
        levels = []
        for channels, blocks in zip(CHANNELS[1:], BLOCKS, strict=True):
            features = self._convolve(features, channels, stride=2)
            for _ in range(blocks):
                features = self._residual(features, channels)
            levels.append(features)
        levels[-1] = self._pooled(levels[-1], CHANNELS[-1])
        return levels[1:]

    def pyramid(self, levels: list[Any]) -> list[Any]:
        """Carry what the coarse maps know down to the fine ones (FPN, arXiv:1612.03144)."""
        top = self._convolve(levels[-1], PYRAMID_CHANNELS, kernel=1)
        maps = [top]
        for level in reversed(levels[:-1]):
            lateral = self._convolve(level, PYRAMID_CHANNELS, kernel=1)
            top = self._layer(keras.layers.UpSampling2D)(top)
            top = self._layer(keras.layers.Add)([top, lateral])
            top = self._convolve(top, PYRAMID_CHANNELS)
            maps.append(top)
        return maps[::-1]

    def head(self, maps: list[Any]) -> Any:
        """Predict classes and distances at every cell of every map.

        The convolutions are the same for all maps; the normalisation, which their statistics
        differ in, is each one's own (as in EfficientDet, arXiv:1911.09070).
        """
        towers = [self._convolution(PYRAMID_CHANNELS) for _ in range(2)]
        prior = -math.log((1 - _PRIOR_PROBABILITY) / _PRIOR_PROBABILITY)
        outputs = [
            self._output(len(CodeKind), prior, "class_logits"),
            self._output(_DISTANCES, 0.0, "log_distances"),
        ]
        join = keras.layers.Concatenate(dtype="float32")
        rows = []
        for features in maps:
            parts = [
                output(self._normalised(tower(features)))
                for tower, output in zip(towers, outputs, strict=True)
            ]
            both = join(parts)
            rows.append(keras.layers.Reshape((-1, both.shape[-1]), dtype="float32")(both))
        return keras.layers.Concatenate(axis=1, dtype="float32", name="predicted")(rows)

    def _output(self, channels: int, bias: float, name: str) -> keras.layers.Layer:
        return keras.layers.Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(bias),
            dtype="float32",
            name=name,
        )

    def _convolve(self, features: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        return self._normalised(self._convolution(channels, kernel, stride)(features))

    def _convolution(self, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        return self._layer(
            keras.layers.Conv2D,
            channels,
            kernel,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )

    def _normalised(self, features: Any) -> Any:
        normalise = self._layer(keras.layers.BatchNormalization, momentum=_NORMALISATION_MOMENTUM)
        normalised = normalise(features)
        return self._layer(keras.layers.Activation, "relu")(normalised)

    def _residual(self, features: Any, channels: int) -> Any:
        inner = self._convolve(features, channels // 2, kernel=1)
        return self._layer(keras.layers.Add)([features, self._convolve(inner, channels)])

    def _pooled(self, features: Any, channels: int) -> Any:
        """Let each cell see far around it: three max pools in a row, side by side.

        The serial form of spatial pyramid pooling (He et al. 2014, arXiv:1406.4729).
        """
        reduced = self._convolve(features, channels // 2, kernel=1)
        stages = [reduced]
        for _ in range(3):
            pool = self._layer(keras.layers.MaxPooling2D, 5, strides=1, padding="same")
            stages.append(pool(stages[-1]))
        return self._convolve(self._layer(keras.layers.Concatenate)(stages), channels, kernel=1)

    def _layer(self, kind: type[keras.layers.Layer], *args: Any, **kwargs: Any) -> Any:
        return kind(*args, **{"dtype": self._policy, **kwargs})
