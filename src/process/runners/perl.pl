# Service mode for Perl: `perl '-M5.008;BEGIN{require shift@ARGV}' SCRIPT RUNNER [ARGS...]`. Loaded ahead of the script,
# which stays the main program.
#
# Standard output is an HTTP/1.1 response message. STDOUT is tied to Sluice::Output, which puts the head before the
# first byte; each print goes out at once. Only strict is loaded: JSON::PP would take several times the start of Perl.
package Sluice;
use strict;

my $pid = 0;    # of the process that answers, once it has begun
my ($service, $wire, $inode);
# Perl has two kinds of scripts: under `use utf8` text is characters, else it is the bytes of UTF-8. So are parameters.
my $characters;

# The response

package Sluice::Response;

sub new { bless { code => 200, fields => {}, trailers => [], declared => {} }, shift }

our @CARP_NOT = ('Sluice::Output');    # errors name the script's line

sub refuse { require Carp; Carp::croak(@_) }

sub before_head { $_[0]{started} and refuse("Cannot set $_[1]: the head has been sent") }

# Sets the status, or without an argument tells it.
sub status {
    my ($self, $code) = @_;
    return $self->{code} if @_ == 1;
    $self->before_head('the status');
    $code =~ /\A[2-5][0-9][0-9]\z/ or refuse("Cannot set the status: '$code' is not an integer from 200 to 599");
    $self->{code} = $code;
    return $self;
}

sub header {
    my ($self, $name, $value) = @_;
    $self->before_head($name);
    $self->{fields}{ lc $name } = [field($name, $value)];
    return $self;
}

sub append {
    my ($self, $name, $value) = @_;
    $self->before_head($name);
    push @{ $self->{fields}{ lc $name } }, field($name, $value);
    return $self;
}

sub remove {
    my ($self, $name) = @_;
    $self->before_head($name);
    delete $self->{fields}{ lc $name };
    return $self;
}

sub trailer {
    my ($self, $name, $value) = @_;
    refuse("Cannot set the trailer $name: declare it first with header('Trailer', ...)")
        if $self->{ended} or $self->{started} and !$self->{declared}{ lc $name };
    push @{ $self->{trailers} }, field($name, $value);
    return $self;
}

sub write {
    my ($self, $data) = @_;
    utf8::encode($data) if utf8::is_utf8($data);
    $self->emit($data);
    return $self->flush;
}

sub flush {
    my ($self) = @_;
    send_all($self->head) if !$self->{started};
    return $self;
}

sub json {
    my ($self, $value) = @_;
    require JSON::PP;
    my $text = JSON::PP->new->utf8($characters)->allow_nonref->encode($value);
    utf8::downgrade($text, 1);    # bytes in either case
    $self->header('Content-Type', 'application/json')->end($text);
}

sub end {
    my ($self, $data) = @_;
    $self->write(defined $data ? $data : '');
    send_all("0\r\n" . lines(@{ $self->{trailers} }) . "\r\n") if $self->{chunked};
    $self->{ended} = 1;
}

sub error { print STDERR "$_[1]\n"; exit 1 }

# Sends body bytes, behind the head when they are the first.
sub emit {
    my ($self, $data) = @_;
    return if !length $data;
    refuse('Cannot write: the response has ended') if $self->{ended};
    my $head = $self->{started} ? '' : $self->head;
    $data = sprintf("%x\r\n", length $data) . "$data\r\n" if $self->{chunked};
    send_all($head . $data);
}

sub head {
    my ($self) = @_;
    refuse('Cannot write in a forked process: call $service->{res}->flush before the fork') if $$ != $pid;
    $self->{started} = 1;
    my %fields = ('content-type' => [['Content-Type', 'text/plain; charset=utf-8']], %{ $self->{fields} });
    my @names = map { split /[,\s]+/, lc } map({ $_->[1] } @{ delete $fields{trailer} || [] }),
        map({ $_->[0] } @{ $self->{trailers} });
    if (@names) {
        $self->{declared} = { map { $_ => 1 } @names };
        $self->{chunked} = 1;
        delete $fields{'content-length'};
        $fields{trailer} = [['Transfer-Encoding', 'chunked'], ['Trailer', join ', ', sort keys %{ $self->{declared} }]];
    }
    return "HTTP/1.1 $self->{code} \r\n" . lines(map { @{ $fields{$_} } } sort keys %fields) . "\r\n";
}

sub field {
    my ($name, $value) = @_;
    $name =~ /\A[!#\$%&'*+\-.^_`|~0-9A-Za-z]+\z/ or refuse("Cannot set a header: '$name' is not a token");
    $value =~ /[\r\n\0]/ and refuse("Cannot set the header $name: its value holds CR, LF or NUL");
    lc $name eq 'transfer-encoding' and refuse('Cannot set Transfer-Encoding: it follows from the trailers');
    utf8::encode($value) if utf8::is_utf8($value);
    return [$name, $value];
}

sub lines { join '', map { "$_->[0]: $_->[1]\r\n" } @_ }

sub send_all {
    my ($bytes) = @_;
    my $sent = 0;
    while ($sent < length $bytes) {
        $sent += syswrite($wire, $bytes, length($bytes) - $sent, $sent) || die "Cannot write the response: $!\n";
    }
}

# STDOUT

package Sluice::Output;

# Until the script chooses a layer, characters go out as UTF-8 and bytes as they are.
my $encode = sub { utf8::encode($_[0]) if utf8::is_utf8($_[0]) };
my $redirected;

sub TIEHANDLE { bless \my $self, shift }
sub FILENO { 1 }
sub PRINT { shift; output(join(defined $, ? $, : '', @_) . (defined $\ ? $\ : '')) }
sub PRINTF { my (undef, $format, @values) = @_; output(sprintf $format, @values) }

sub WRITE {
    my (undef, $data, $length, $offset) = @_;
    my $part = substr $data, $offset || 0, defined $length ? $length : length $data;
    output($part);
    return length $part;
}

sub BINMODE {
    my $layer = defined $_[1] ? $_[1] : ':raw';
    if ($layer =~ /:utf8|utf-8/i) { $encode = sub { utf8::encode($_[0]) } }
    elsif ($layer =~ /:encoding\((.+?)\)/) {
        require Encode;
        my $encoding = Encode::find_encoding($1) or return 0;
        $encode = sub { $_[0] = $encoding->encode($_[0]) };
    }
    elsif ($layer =~ /:raw|:bytes/) { $encode = sub { utf8::downgrade($_[0], 1) or utf8::encode($_[0]) } }
    return 1;
}

# A script may send STDOUT elsewhere for a while, and back again.
sub OPEN {
    my (undef, $mode, @rest) = @_;
    untie *STDOUT;
    my $opened = @rest ? open(STDOUT, $mode, @rest) : open(STDOUT, $mode);
    $redirected = (stat STDOUT)[1] != $inode;
    tie *STDOUT, __PACKAGE__;
    return $opened;
}

sub CLOSE {
    $service->{res}->end if $$ == $pid and !$service->{res}{ended};
    untie *STDOUT;
    return close($wire) && close(STDOUT);
}

sub output {
    my ($data) = @_;
    $encode->($data);
    $redirected ? Sluice::Response::send_all($data) : $service->{res}->emit($data);
    return 1;
}

# The request

package Sluice::Request;

sub read {
    my (undef, $length) = @_;
    return do { local $/; scalar <STDIN> } if !defined $length;
    CORE::read(STDIN, my $data, $length);
    return $data;
}

# Calls back with each chunk of the body as it arrives.
sub each {
    my (undef, $callback) = @_;
    my $chunk;
    $callback->($chunk) while sysread STDIN, $chunk, 65536;
}

package Sluice;

my %ESCAPE = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");

# Reads one JSON value at pos($_), which holds UTF-8 bytes.
sub json_value {
    /\G\s+/gc;
    if (/\G"/gc) { return json_string() }
    if (/\G(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/gc) { return $1 + 0 }
    if (/\G\{\s*/gc) {
        my %object;
        until (/\G\s*\}/gc) {
            /\G[\s,]*"/gc or json_error();
            my $name = json_string();
            /\G\s*:/gc or json_error();
            $object{$name} = json_value();
        }
        return \%object;
    }
    if (/\G\[/gc) {
        my @array;
        until (/\G\s*\]/gc) {
            /\G\s*,/gc;
            push @array, json_value();
        }
        return \@array;
    }
    return undef if /\Gnull/gc;
    if (/\G(true|false)/gc) {
        # What JSON::PP makes of them, so that they go out as booleans again.
        require JSON::PP::Boolean;
        return bless \(my $bit = $1 eq 'true' ? 1 : 0), 'JSON::PP::Boolean';
    }
    json_error();
}

sub json_string {
    my $string = '';
    until (/\G"/gc) {
        # In bounded pieces, as the repetitions of a group have a limit.
        /\G((?:[^"\\]++|\\.){1,30000})/gcs or json_error();
        $string .= $1;
    }
    $string =~ s/\\(?:u(d[89ab]..)\\u(d[c-f]..)|u(....)|(.))/unescape($1, $2, $3, $4)/gei if index($string, '\\') >= 0;
    utf8::decode($string) if $characters;
    return $string;
}

sub unescape {
    my ($high, $low, $code, $letter) = @_;
    return $ESCAPE{$letter} || $letter if defined $letter;
    my $character = chr(defined $code ? hex $code : 0x10000 + (hex($high) - 0xd800) * 0x400 + hex($low) - 0xdc00);
    utf8::encode($character);
    return $character;
}

sub json_error { die 'Cannot parse the request: not JSON at byte ' . (pos || 0) . "\n" }

sub read_file {
    open my $file, '<:raw', $_[0] or die "Cannot read $_[0]: $!\n";
    local $/;
    return scalar <$file>;
}

sub make_service {
    my $res = Sluice::Response->new;
    return { env => \%ENV, res => $res, response => $res };
}

# Children inherit the file descriptor and write past the tie: the head has to be out before they start. Only package
# main gets these, as `system { $program } @list` would not compile where the word is overridden.
sub flush_before_children {
    my ($source) = @_;
    return if $source =~ /\b(?:system|exec)\s*\{/;
    my $flush = sub { $service->{res}->flush if $$ == $pid };
    *main::system = sub { $flush->(); CORE::system(@_) };
    *main::exec = sub { $flush->(); CORE::exec(@_) };
}

# Installs what is the same for every request, and returns the script's source.
sub prepare {
    my $source = read_file($0);
    $characters = $source =~ /^\s*use\s+utf8\b/m ? 1 : 0;
    $service = make_service();
    my $global = $service;
    *main::service = *main::hook = *main::Hook = \$global;    # imported like this, they need no `our` under strict
    open $wire, '>&=', 1 or die "Cannot write the response: $!\n";
    tie *STDOUT, 'Sluice::Output';
    flush_before_children($source);
    return $source;
}

# Begins the answer to one request, which is JSON: as text, or as the path of a file.
sub begin {
    my ($text, $path) = @_;
    $pid = $$;
    $inode = (stat $wire)[1];
    local $_ = defined $path ? read_file($path) : defined $text ? $text : '{}';
    my $request = json_value();
    $service->{params} = delete $request->{params} || {};
    $service->{req} = $service->{request} = bless $request, 'Sluice::Request';
}

# A warm parent comes back from here in its children only, each with a request of its own.
if (exists $ENV{SLUICE_WARM}) { require(delete $ENV{SLUICE_WARM}) }
else {
    prepare();
    begin(delete @ENV{qw(SLUICE_REQUEST SLUICE_REQUEST_FILE)});
}

our $over;    # a warm child's report

# The first END block compiled is the last to run: the script's own may print until then.
END {
    if ($$ == $pid) {
        if (!$? and !$service->{res}{ended}) {
            local $?;
            $service->{res}->end;
        }
        $over->($wire, $inode) if $over;
    }
}

1;
