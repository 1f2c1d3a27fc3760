// Shows the description of the API with Swagger UI, which is loaded beside this script.

const place = document.querySelector("[data-reference]");

/** The address of an operation stands within a button, so it cannot be a link as well. */
const addressesAsText = ({ React }) => ({
  components: { DeepLink: ({ text }) => React.createElement("span", null, text) },
});

/** Swagger UI's own layout says that it is the main part of the page, which has one already. */
const partOfAPage = ({ React }) => {
  const render = (component) => React.createElement(component);
  const PartOfAPage = ({ getComponent }) =>
    React.createElement(
      "div",
      { className: "swagger-ui" },
      render(getComponent("SvgAssets")),
      ...["errors", "operations", "Models"].map((name) => render(getComponent(name, true))),
    );
  return { components: { PartOfAPage } };
};

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.reference,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  layout: "PartOfAPage",
  plugins: [addressesAsText, partOfAPage],
  validatorUrl: null, // it would tell another site of ours
  requestInterceptor: (request) => {
    request.headers["X-CSRF-Token"] = place.dataset.token;
    return request;
  },
});
