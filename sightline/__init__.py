"""The command line of Sightline: look at pictures and videos in files, and at what cameras see.

Front to back: `grammar` and `meant` (what may stand on the line, and what it means) and `main`;
`sources` (which files), `footage` (which frames of a video), `cameras` (the newest frame); `run`
(one after the other, in order, with `steps`, `window`, `journal` and `screen`); `looking` (what is
done with one picture or frame, of `stills`) over `direct` (a model server) or `web` (a running
Sightline); `writers` (what is printed), `drawings` and `drawn_video` (what is drawn).
"""
