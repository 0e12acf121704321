// Sets the status and a header before the first byte of the body.
service.res.status(418).header("X-Teapot", "yes").end("short and stout\n");
