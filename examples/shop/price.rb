# What so many of a thing cost.
PRICES = { "tea" => 450, "rice" => 220, "salt" => 90 }.freeze

cents = PRICES[service.params["item"]]
count = Integer(service.params.fetch("count", "1"), 10, exception: false)

if cents.nil?
  service.res.status(404)
  puts "nobody sells #{service.params["item"]}"
elsif count.nil? || count < 1
  service.res.status(400)
  puts "count is a whole number from 1"
else
  puts format("%.2f", cents * count / 100.0)
end
