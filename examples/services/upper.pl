# A stream transform: each line goes out in upper case as soon as it has come in.
$| = 1;
print uc while <STDIN>;
