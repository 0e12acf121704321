# Service-mode runner for Tcl 8.6 and later: `tclsh tcl.tcl SCRIPT ?ARG ...?`. It gives the script
#
#   the command `service`:  service params ?name ?default??     service env ?name ?default??
#                           service req method|url|path|headers|query|files|body|id|remoteAddress ?name ?default??
#                           service req read ?count?            (bytes of the body)
#                           service status 418 | header NAME VALUE | append NAME VALUE | remove NAME | trailer NAME VALUE
#                           service write ?-binary? DATA | flush | json TEXT | end ?DATA? | error MESSAGE
#                           (also as `service res status 418` ...)
#   the dictionary `$service` with the keys params, env, req;
#   `json object NAME JSON ...`, `json array JSON ...`, `json string TEXT`, `json decode TEXT`.
#
# The head goes out before the first byte of standard output whoever writes it, because a channel transformation under
# `stdout` puts it there. Output goes out line by line, and at once with `service write`.

namespace eval ::sluice {
  variable status 200 fields {} trailers {} sent 0 chunked 0 ended 0 forcing 0 text "" at 0
}

# JSON -----------------------------------------------------------------------------------------------------------------

# An object becomes a dictionary, an array a list, null the empty string.
proc ::sluice::decode {json} {
  variable text $json at 0
  set result [value]
  skip
  if {$at < [string length $text]} {fail "the end"}
  return $result
}

proc ::sluice::fail {expected} {
  variable at
  return -code error "Invalid JSON at character $at: expected $expected"
}

# Moves past a match of the pattern and returns it; without a match it stays and returns nothing.
proc ::sluice::take {pattern} {
  variable text
  variable at
  if {![regexp -start $at -indices "\\A(?:$pattern)" $text range]} {return}
  set from $at
  set at [expr {[lindex $range 1] + 1}]
  return [string range $text $from $at-1]
}

proc ::sluice::skip {} {take {[ \t\r\n]+}}

proc ::sluice::value {} {
  skip
  set result {}
  if {[take {\{}] ne ""} {
    members {\}} {
      set name [literal]
      skip
      if {[take :] eq ""} {fail "a colon"}
      dict set result $name [value]
    }
    return $result
  }
  if {[take {\[}] ne ""} {
    members {\]} {lappend result [value]}
    return $result
  }
  set word [take {true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?}]
  if {$word eq ""} {return [literal]}
  if {$word eq "null"} return
  return $word ;# not by way of `expr`, which would make 1000.0 of 1e3
}

# Runs the caller's script for each member up to the closing bracket.
proc ::sluice::members {close member} {
  skip
  if {[take $close] ne ""} return
  while 1 {
    skip
    uplevel 1 $member
    skip
    if {[take $close] ne ""} return
    if {[take ,] eq ""} {fail "a comma or $close"}
  }
}

proc ::sluice::literal {} {
  set quoted [take {"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"}]
  if {$quoted eq ""} {fail "a value"}
  set quoted [string range $quoted 1 end-1]
  set result ""
  set from 0
  while {[set to [string first "\\" $quoted $from]] >= 0} {
    append result [string range $quoted $from $to-1]
    set char [string index $quoted $to+1]
    set from [expr {$to + 2}]
    if {$char ne "u"} {
      append result [string map {b \b f \f n \n r \r t \t} $char]
      continue
    }
    scan [string range $quoted $from $from+3] %x code
    incr from 4
    if {$code >= 0xD800 && $code < 0xE000} {
      # A pair of surrogates is one character. Tcl 8.6 cannot `format` it, but every Tcl can decode it.
      if {$code < 0xDC00 && [scan [string range $quoted $from $from+5] {\u%4x} low] == 1
          && $low >= 0xDC00 && $low < 0xE000} {
        incr from 6
        set code [expr {0x10000 + (($code - 0xD800) << 10) + $low - 0xDC00}]
        set bytes [lmap {first shift} {0xF0 18 0x80 12 0x80 6 0x80 0} {
          expr {$first | (($code >> $shift) & ($first == 0xF0 ? 7 : 63))}
        }]
        append result [encoding convertfrom utf-8 [binary format c4 $bytes]]
        continue
      }
      set code 0xFFFD
    }
    append result [format %c $code]
  }
  return [append result [string range $quoted $from end]]
}

proc ::sluice::encodeString {text} {
  set escapes [list \" \\\" \\ \\\\]
  for {set code 0} {$code < 32} {incr code} {lappend escapes [format %c $code] [format \\u%04x $code]}
  return "\"[string map $escapes $text]\""
}

proc ::sluice::encodeObject {args} {
  set members [lmap {name json} $args {string cat [encodeString $name] : $json}]
  return "{[join $members ,]}"
}

proc ::sluice::encodeArray {args} {return "\[[join $args ,]]"}

# The response ---------------------------------------------------------------------------------------------------------

proc ::sluice::beforeHead {what} {
  variable sent
  if {$sent} {return -code error "Cannot set $what: the head has been sent"}
}

proc ::sluice::checked {name value} {
  if {![regexp {^[!#$%&'*+.^_`|~0-9A-Za-z-]+$} $name]} {
    return -code error "Cannot set header: \"$name\" is not a token"
  }
  if {[regexp {[\u0000\r\n]} $value]} {
    return -code error "Cannot set header $name: the value is not a field value"
  }
  return [list $name $value]
}

proc ::sluice::values {name} {
  variable fields
  return [lmap {key value} $fields {expr {[string equal -nocase $key $name] ? $value : [continue]}}]
}

proc ::sluice::setStatus {code} {
  variable status
  beforeHead status
  if {![string is integer -strict $code] || $code < 200 || $code > 599} {
    return -code error "Cannot set status: $code is not an integer from 200 to 599"
  }
  set status [expr {int($code)}]
  return
}

proc ::sluice::addHeader {name value} {
  variable fields
  beforeHead "header $name"
  lappend fields {*}[checked $name $value]
  return
}

proc ::sluice::setHeader {name value} {
  checked $name $value
  removeHeader $name
  addHeader $name $value
}

proc ::sluice::removeHeader {name} {
  variable fields
  beforeHead "header $name"
  set rest {}
  foreach {key value} $fields {if {![string equal -nocase $key $name]} {lappend rest $key $value}}
  set fields $rest
  return
}

proc ::sluice::addTrailer {name value} {
  variable trailers
  variable ended
  if {$ended} {return -code error "Cannot send trailer $name: the response has ended"}
  set field [checked $name $value]
  set declared [split [string map {" " ""} [join [values Trailer] ,]] ,]
  if {[lsearch -nocase -exact $declared $name] < 0} {addHeader Trailer $name}
  lappend trailers {*}$field
  return
}

proc ::sluice::lines {fields} {
  set lines [join [lmap {name value} $fields {string cat $name ": " $value \r\n}] ""]
  return [encoding convertto utf-8 $lines]
}

proc ::sluice::head {} {
  variable status
  variable fields
  variable chunked
  variable sent
  set chunked [expr {[llength [values Trailer]] > 0}]
  if {[llength [values Content-Type]] == 0} {setHeader Content-Type "text/plain; charset=utf-8"}
  # How the body is framed between here and the server is not the script's to say.
  removeHeader Transfer-Encoding
  if {$chunked} {setHeader Transfer-Encoding chunked}
  set sent 1
  return "HTTP/1.1 $status \r\n[lines $fields]\r\n"
}

# The channel transformation under `stdout`: the bytes a script writes go in, the bytes of the message come out.
proc ::sluice::transform {operation channel args} {
  variable sent
  variable chunked
  variable ended
  variable forcing
  switch -- $operation {
    initialize {return {initialize finalize write flush}}
    write {
      set bytes [lindex $args 0]
      if {$forcing ne "0"} {set bytes ""}
      if {$ended} {return -code error "Cannot write: the response has ended"}
      set out [expr {$sent ? "" : [head]}]
      if {$chunked && $bytes ne ""} {set bytes [format %x [string length $bytes]]\r\n$bytes\r\n}
      append out $bytes
      if {$forcing eq "end" && $chunked} {
        variable trailers
        append out 0\r\n [lines $trailers] \r\n
      }
      return $out
    }
  }
}

# Makes the transformation run although there is nothing to write: it leaves this byte out.
proc ::sluice::force {what} {
  variable forcing
  flush stdout
  set forcing $what
  try {
    puts -nonewline stdout .
    flush stdout
  } finally {
    set forcing 0
  }
}

proc ::sluice::write {args} {
  variable ended
  if {$ended} {return -code error "Cannot write: the response has ended"}
  flush stdout
  set before [list -encoding [chan configure stdout -encoding] -translation [chan configure stdout -translation]]
  set binary [expr {[llength $args] == 2 && [lindex $args 0] eq "-binary"}]
  if {!$binary && [llength $args] != 1} {return -code error "wrong # args: should be \"service write ?-binary? data\""}
  chan configure stdout {*}[expr {$binary ? {-translation binary} : {-encoding utf-8 -translation lf}}]
  puts -nonewline stdout [lindex $args end]
  flush stdout
  chan configure stdout {*}$before
  flushHead
}

proc ::sluice::flushHead {} {
  variable sent
  flush stdout
  if {!$sent} {force head}
}

proc ::sluice::end {{data ""}} {
  variable ended
  write $data
  force end
  set ended 1
  return
}

# At a clean exit. An unframed body ends with the process.
proc ::sluice::complete {} {
  variable ended
  variable chunked
  variable trailers
  if {$ended} return
  flushHead
  if {$chunked || $trailers ne ""} end
}

proc ::sluice::sendJson {text} {
  decode $text
  setHeader Content-Type application/json
  end $text
}

proc ::sluice::failWith {message} {
  puts stderr $message
  ::sluice::exit 1
}

# What the script sees -------------------------------------------------------------------------------------------------

# A dictionary; with a name its value there, or the default.
proc ::sluice::lookup {dictionary args} {
  if {[llength $args] == 0} {return $dictionary}
  lassign $args name default
  return [expr {[dict exists $dictionary $name] ? [dict get $dictionary $name] : $default}]
}

proc ::sluice::service {member args} {
  upvar #0 service service
  switch -- $member {
    params - env {return [lookup [dict get $service $member] {*}$args]}
    req - request {return [req {*}$args]}
    res - response {return [response {*}$args]}
    default {return [response $member {*}$args]}
  }
}

proc ::sluice::req {member args} {
  if {$member ne "read"} {return [lookup [dict get $::service req $member] {*}$args]}
  chan configure stdin -translation binary
  return [read stdin {*}$args]
}

namespace eval ::sluice {
  namespace ensemble create -command ::sluice::response -map {
    status setStatus header setHeader append addHeader remove removeHeader trailer addTrailer
    write write flush flushHead json sendJson end end error failWith
  }
  namespace ensemble create -command ::json -map {
    object encodeObject array encodeArray string encodeString decode decode
  }
}

# Under LANG=C, Tcl has read the arguments as Latin-1 (and reads `env` by the encoding of the moment).
proc ::sluice::useUtf8 {} {
  set locale [encoding system]
  encoding system utf-8
  foreach channel {stdin stdout stderr} {chan configure $channel -encoding utf-8}
  set ::argv [lmap word $::argv {encoding convertfrom utf-8 [encoding convertto $locale $word]}]
}

proc ::sluice::takeRequest {} {
  if {[info exists ::env(SLUICE_REQUEST)]} {
    set text $::env(SLUICE_REQUEST)
  } elseif {[info exists ::env(SLUICE_REQUEST_FILE)]} {
    set file [open $::env(SLUICE_REQUEST_FILE)]
    chan configure $file -encoding utf-8
    set text [read $file]
    close $file
  } else {
    error "Cannot read the request: neither SLUICE_REQUEST nor SLUICE_REQUEST_FILE is set"
  }
  unset -nocomplain ::env(SLUICE_REQUEST) ::env(SLUICE_REQUEST_FILE)
  return [decode $text]
}

proc ::sluice::makeService {request} {
  set env {}
  foreach name [array names ::env] {dict set env $name $::env($name)}
  set ::service [dict create params [dict get $request params] env $env req $request]
  foreach name {hook Hook} {
    set ::$name $::service
    interp alias {} ::$name {} ::sluice::service
  }
  interp alias {} ::service {} ::sluice::service
}

proc ::sluice::captureStdout {} {
  chan configure stdout -buffering line -translation lf
  chan push stdout ::sluice::transform
  rename ::exit ::sluice::exit
  proc ::exit {{code 0}} {
    if {$code == 0} ::sluice::complete
    ::sluice::exit $code
  }
  # A command that inherits standard output writes past the transformation: the head has to be out before it starts.
  rename ::exec ::sluice::exec
  proc ::exec {args} {
    if {[lsearch -glob $args *>*@*] >= 0} {
      ::sluice::flushHead
      if {$::sluice::chunked} {error "Cannot run a command: its output would break the chunked coding"}
    }
    tailcall ::sluice::exec {*}$args
  }
}

proc ::sluice::main {} {
  useUtf8
  makeService [takeRequest]
  captureStdout
  set ::argv [lassign $::argv ::argv0]
  set ::argc [llength $::argv]
  if {[catch {uplevel #0 [list source -encoding utf-8 $::argv0]}]} {
    # When the client has left there is nothing to tell, and nobody to tell it.
    if {[lindex $::errorCode 1] ne "EPIPE"} {puts stderr $::errorInfo}
    ::sluice::exit 1
  }
  ::exit 0
}

::sluice::main
