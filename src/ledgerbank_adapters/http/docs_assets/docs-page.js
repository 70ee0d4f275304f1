// Starts Swagger UI. A file of its own, because the page's security policy runs no script inside the page.
SwaggerUIBundle({
  url: "docs/openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
  // Swagger would send the document to a validator of its own.
  validatorUrl: null,
});
