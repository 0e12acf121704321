#!/usr/bin/perl
# Lines of an item and a count make a receipt.
use strict;
use warnings;

my %cents = (tea => 450, rice => 220, salt => 90);
my $sum = 0;
while (my $line = <STDIN>) {
  my ($item, $count) = split ' ', $line;
  next unless defined $count && exists $cents{$item};
  my $cents = $cents{$item} * $count;
  $sum += $cents;
  printf "%-8s %3d %7.2f\n", $item, $count, $cents / 100;
}
printf "%-12s %7.2f\n", 'sum', $sum / 100;
