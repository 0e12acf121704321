module.exports = ({ req, res, params }) => res.end(`name=${params.name}\nmethod=${req.method}`); // ends the line itself
