# What is sold.
import json

PRICES = {"tea": 450, "rice": 220, "salt": 90}

service.res.header("Content-Type", "application/json")
print(json.dumps([{"item": item, "cents": cents} for item, cents in PRICES.items()]))
