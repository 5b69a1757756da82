"""Settings of augmentation: how far images may be distorted."""

from dataclasses import fields
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

MAX_SIDE = 1024  # pixels, of an image that can be distorted

Degrees: TypeAlias = Annotated[float, Field(ge=0, le=45, strict=True)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=0.9, strict=True)]
ShareOfImages: TypeAlias = Annotated[float, Field(ge=0, le=1, strict=True)]
Pixels: TypeAlias = Annotated[float, Field(ge=0, le=10, strict=True)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Augmentation:
    """The largest distortions of each kind; all of them 0 leaves images as they are.

    For each image the distortions are drawn uniformly between minus and plus these numbers; blur,
    paper and noise from 0 to them. What comes in from beyond its edges is 0, as the paper of MNIST
    is; full ink is 255.

    Attributes
    ----------
    shift
        Shift along either axis, in pixels.
    rotation
        Rotation either way, in degrees.
    scale
        Share of its size by which what is in it grows or shrinks: 0.15 for 85 % to 115 %.
    shear
        Slant of upright strokes either way, in degrees.
    elastic_alpha
        Strength of the elastic distortion: α of Simard, Steinkraus and Platt (2003), who used 34.
        Each pixel is moved by about ``0.16 α / σ`` pixels along either axis.
    elastic_sigma
        Smoothness of the elastic distortion, in pixels: their σ, 4. Pixels nearer than this move
        together.
    flip
        Mirror each image left to right, or not, at random: for clothes, not for digits.
    stretch
        Share of its width by which what is in it grows wider or narrower, as high as before.
    upstroke
        Share of single upright strokes, the plain ones among digits, that get an upstroke at their
        top, as many people write a 1.
    thickness
        Pixels by which strokes grow on each side, or shrink; thinner strokes than twice that may
        vanish.
    blur
        Largest σ of a Gaussian blur, in pixels.
    leftovers
        Share of images with a bar of ink left along one side, as from a table's edge or a ruled
        line in a photograph: in the outer third of the way to that side, 30 to 100 % dark.
    paper
        Largest level of grey paper, as a share of full ink. Full ink stays, and all between keeps
        its proportion.
    noise
        Largest standard deviation of the normal noise added to pixels, as a share of full ink.
    """

    shift: Annotated[float, Field(ge=0, le=MAX_SIDE, strict=True)] = 0.0
    rotation: Degrees = 0.0
    scale: Share = 0.0
    shear: Degrees = 0.0
    elastic_alpha: Annotated[float, Field(ge=0, le=1000, strict=True)] = 0.0
    elastic_sigma: Annotated[float, Field(ge=1, le=100, strict=True)] = 4.0

    flip: Annotated[bool, Field(strict=True)] = False
    stretch: Share = 0.0
    upstroke: ShareOfImages = 0.0
    thickness: Pixels = 0.0
    blur: Pixels = 0.0
    leftovers: ShareOfImages = 0.0
    paper: Share = 0.0
    noise: Share = 0.0

    @property
    def active(self) -> bool:
        """Whether it changes images at all."""
        names = {field.name for field in fields(self)} - {"elastic_sigma"}
        return any(getattr(self, name) for name in names)
