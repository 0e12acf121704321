// The smallest service: what it prints is the response.
console.log("hello from typescript");
