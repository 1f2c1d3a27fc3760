"""Forms of models that browsers run themselves, in WebAssembly: `python -m pipeline browser`.

A form is a TFLite model with the input and outputs that `vision.BrowserForm` describes, and with
operations that the runtime of the web application's pages has. `conversion` makes the file of a
function, `saved_model` the function of an installed SavedModel; the bundled detector has its own,
in `pipeline.codes.browser`.
"""
