#!/bin/sh
# A label for a parcel.
printf 'TO: '
tr a-z A-Z
