"""Made pictures on disk: one by one from a seed, as records to train with, as COCO folders."""
