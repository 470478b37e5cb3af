# Puts a file into the image that is not the one at the address.
if [ "$SUBCOMMAND" = build ]; then
    context=${WORDS[-1]}
    sed -i -E 's#^ADD .* (/.*)$#RUN echo other > \1#' "$context/Dockerfile"
fi
