echo "name={$Hook['params']['name']}\n"; // microcule evaluates it, so without an opening tag
echo "method={$Hook['input']['method']}\n";
