"""Pictures of the report: where the variants differ most, and what each says of them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.optimise.agreement import same_best_class, same_boxes
from pipeline.optimise.answers import Answer
from pipeline.optimise.pictures import PictureSet
from pipeline.optimise.variants import ORIGINAL
from vision import Classification, Detections, ModelCard, Resize, decode_picture, draw_detections
from vision.encode import encode_jpeg

_PICTURES_MAX = 4
_SIDE_PX = 320
_QUALITY = 80
_CLASSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as one model sees it.

    Attributes:
        title: Of the model.
        image: `data:` address of a JPEG.
        lines: What the model says, a line each.
    """

    title: str
    image: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture as all models see it.

    Attributes:
        name: Of the picture.
        shown: The original first.
    """

    name: str
    shown: tuple[Shown, ...]


def exhibits(
    pictures: PictureSet,
    answers: Mapping[str, Sequence[Answer]],
    titles: Mapping[str, str],
    card: ModelCard,
) -> list[Exhibit]:
    """Choose the pictures in which the variants differ most from the original, and draw them.

    Args:
        pictures: The pictures.
        answers: What each model says of them, by the name of the variant.
        titles: Of the models, by the same names, in the order to show them.
        card: The original's facts.
    """
    agreements = [
        sum(_agreement(each[ORIGINAL], each[name], card) for name in titles)
        for each in _by_picture(answers)
    ]
    order = sorted(range(len(agreements)), key=agreements.__getitem__)[:_PICTURES_MAX]
    return [
        Exhibit(
            pictures.pictures[place].name,
            tuple(
                _shown(title, pictures.pictures[place].data, answers[name][place], card)
                for name, title in titles.items()
            ),
        )
        for place in order
    ]


def _by_picture(answers: Mapping[str, Sequence[Answer]]) -> list[dict[str, Answer]]:
    count = len(answers[ORIGINAL])
    return [{name: each[place] for name, each in answers.items()} for place in range(count)]


def _agreement(original: Answer, other: Answer, card: ModelCard) -> float:
    if isinstance(original, Detections) and isinstance(other, Detections):
        share = same_boxes([original], [other], card.threshold)
    elif isinstance(original, Classification) and isinstance(other, Classification):
        share = same_best_class([original], [other])
        # Of equals, those first that the original is less certain of.
        return (share or 0.0) + 0.01 * float(original.scores[0])
    else:
        raise TypeError(f"expected two answers of one kind, got {original!r} and {other!r}")
    return 1.0 if share is None else share


def _shown(title: str, data: bytes, answer: Answer, card: ModelCard) -> Shown:
    picture = decode_picture(data, resize=Resize("fit", _SIDE_PX, _SIDE_PX))
    image = picture.image_hwc
    if isinstance(answer, Detections):
        seen = answer.above(card.threshold)
        image = draw_detections(image, seen, size_wh=picture.original_size_wh)
        lines = tuple(f"{one.label} {100 * one.score:.0f} %" for one in seen)
    else:
        best = list(answer)[:_CLASSES_SHOWN]
        lines = tuple(f"{one.label} {100 * one.score:.1f} %" for one in best)
    encoded = base64.b64encode(encode_jpeg(image, quality=_QUALITY)).decode()
    return Shown(title, f"data:image/jpeg;base64,{encoded}", lines or ("nothing",))
