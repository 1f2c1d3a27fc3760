#!/bin/sh
# As in `tensorflow/serving`. A --model_config_file among the arguments wins over the two variables.
exec /usr/bin/tensorflow_model_server --port=8500 --rest_api_port=8501 \
  --model_name="${MODEL_NAME}" --model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" "$@"
