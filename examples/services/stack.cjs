// A CommonJS module whose function is called with the service object.
module.exports = function (service) {
  service.res.write("hello ");
  service.res.end(service.params.name + "\n");
};
