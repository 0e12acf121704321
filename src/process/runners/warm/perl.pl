# The warm part of the runner for Perl: a parent that forks a child for each request. A child comes back from here into
# the runner and perl goes on in it by itself, so that the script is its main program as in a cold run.
#
# A script whose `use` lines load installed modules only is compiled by the parent, which forks in an INIT block. Any
# other may run code of its own while it compiles, and that belongs to a request: then the fork comes ahead of the
# compilation, and the parent has loaded what perl would load before the first code of the program's own.
#
# docs/warm.md describes what passes between the parent and the server. A child takes one run: perl cannot run a main
# program twice. System calls go by number, because POSIX and Socket would double what a child has to copy.
package Sluice::Warm;
use strict;

my %calls = (
    x86_64 => {
        read => 0, write => 1, close => 3, lseek => 8, rt_sigprocmask => 14, recvmsg => 47, wait4 => 61, fcntl => 72,
        setsid => 112, exit_group => 231, openat => 257, signalfd4 => 289, dup3 => 292,
    },
    aarch64 => {
        read => 63, write => 64, close => 57, lseek => 62, rt_sigprocmask => 135, recvmsg => 212, wait4 => 260,
        fcntl => 25, setsid => 157, exit_group => 94, openat => 56, signalfd4 => 74, dup3 => 24,
    },
);
my ($F_DUPFD_CLOEXEC, $O_CLOEXEC, $MSG_CMSG_CLOEXEC, $EINTR) = (1030, 02000000, 0x40000000, 4);
my ($SIG_BLOCK, $SIG_SETMASK, $WNOHANG, $AT_FDCWD) = (0, 2, 1, -100);
my $PAYLOAD_BYTES_MAX = 65536;
my $HIDDEN_MIN = 100;    # descriptors from here on are ours

# Modules that look at the request when they are imported, or run the script's subroutines while it compiles.
my %immediate = map { $_ => 1 } qw(Env Attribute::Handlers);

# Modules that speak of destructors or machine code, but have nothing to do at the end of a process.
my %plain = map { $_ => 1 } qw(
    strict.pm constant.pm Exporter.pm utf8.pm bytes.pm Config.pm XSLoader.pm Cwd.pm Data/Dumper.pm Digest/MD5.pm
    Digest/SHA.pm Encode.pm Encode/Alias.pm Encode/Config.pm Encode/Encoding.pm Encode/MIME/Name.pm Fcntl.pm
    Hash/Util.pm List/Util.pm MIME/Base64.pm POSIX.pm Scalar/Util.pm Storable.pm Time/HiRes.pm Time/Piece.pm re.pm
);

my $parent = $$;
my ($work, $report, $control, $signal, $null) = (3, 4, 5);
my ($call, $mask);                                          # how to call the system
my ($source, @own, $place, %loaded, %known, %inherited);    # what is known of the program and of its start
my ($compiling, $is_trial, $is_ready);                      # how far the parent is
my ($seeded, $module_count, @files);                        # what a child needs to know

# System calls

sub report {
    my $line = join(' ', @_) . "\n";    # not "@_", which a script may join otherwise
    syscall $call->{write}, $report, $line, length $line;
}

# Perl flushes every file ahead of exec, which starts nothing here.
sub flush_files {
    local $^W = 0;
    exec {''} '';
}

sub leave { syscall $call->{exit_group}, 0 }

sub refuse {
    my ($why) = @_;
    $why =~ s/\s+/ /g;
    report('refused', substr $why, 0, 400);
    leave();
}

# Moves a descriptor out of the way: those of the script count from 3, as in a cold run.
sub hide {
    my ($descriptor) = @_;
    my $hidden = syscall $call->{fcntl}, $descriptor, $F_DUPFD_CLOEXEC, $HIDDEN_MIN;
    syscall $call->{close}, $descriptor;
    return $hidden;
}

sub find_calls {
    require Config;
    my ($machine) = $Config::Config{archname} =~ /\A(x86_64|aarch64)-linux(?!-gnux32)/;
    $call = $calls{$machine || ''};
}

# SIGCHLD is read from a descriptor, so that none can slip in ahead of the wait.
sub take_descriptors {
    my $sigchld = pack 'Q', 1 << 16;
    $mask = pack 'Q', 0;
    syscall $call->{rt_sigprocmask}, $SIG_BLOCK, $sigchld, $mask, 8;
    $signal = hide(syscall $call->{signalfd4}, -1, $sigchld, 8, 0);
    $_ = hide($_) for $work, $report, $control;
    $null = hide(syscall $call->{openat}, $AT_FDCWD, my $path = '/dev/null', 2);
}

# What the program is made of

my $list = qr{(?>(?:
    \s+ | \#[^\n]*\n | , | => | [()\[\]\{\}] | -?[0-9][\w.]*
    | '(?:[^'\\]|\\.)*' | "(?:[^"\\\$\@]|\\.)*"
    | qw\s*(?: \([^()]*\) | \[[^\[\]]*\] | \{[^{}]*\} | <[^<>]*> | /[^/]*/ | \|[^|]*\| )
    | -?[A-Za-z_]\w*(?=\s*=>) | -(?:norequire|base|strict|signatures)\b
)*)}xs;

# Whatever runs while perl compiles, with the module and the literals of a `use`. One in a comment or a text matches
# too: it costs time and nothing else.
my $immediate = qr{
    \b(?:BEGIN|UNITCHECK|CHECK|MODIFY_[A-Z]+_ATTRIBUTES)\b
    | (?:\A|[\n;\{\}:])\s*(use|no)\b(?!\s*=>)(?:\s+v?[0-9][\w.]*\s*(;)|\s+([A-Za-z_][\w:]*)($list)(?=;))?
}x;

sub directory { $_[0] =~ m{\A(.*)/}s ? $1 : '.' }

sub absolute { $_[0] =~ m{\A/} ? $_[0] : readlink('/proc/self/cwd') . "/$_[0]" }

# Files of the program itself, in contrast to the installed ones.
sub is_own {
    my ($path) = @_;
    return 1 if $path !~ m{\A/};
    index($path, "$_/") == 0 and return 1 for @own;
    return 0;
}

sub find_module {
    my ($module) = @_;
    (my $file = "$module.pm") =~ s{::}{/}g;
    for my $folder (@INC) {
        return undef if ref $folder;
        return "$folder/$file" if -f "$folder/$file";
    }
    return undef;
}

sub add_libraries {
    my ($literals) = @_;
    require lib;
    my @folders = eval $literals;
    lib->import(@folders);
    push @own, map { absolute($_) } @folders;
}

# Collects the installed modules that a source loads ahead of the first code of the program's own. True if no such code
# runs before the main program.
sub survey {
    my ($source, $modules) = @_;
    my $bin = directory(absolute($0));
    $source =~ s/\$FindBin::Bin\b/$bin/g;
    while ($source =~ /$immediate/g) {
        my ($verb, $is_version, $module, $literals) = ($1, $2, $3, $4);
        next if $is_version;
        return 0 if !defined $module or $immediate{$module};
        if ($module eq 'lib') {
            return 0 if $verb eq 'no';
            add_libraries($literals);
            next;
        }
        my $path = find_module($module);
        return 0 if !defined $path;
        if (is_own($path)) {
            survey(Sluice::read_file($path), $modules);
            return 0;
        }
        push @$modules, $module;
        # Those named in the list may be loaded too: parents, roles.
        for my $name ($literals =~ /\b([A-Za-z_]\w*(?:::\w+)*)\b/g) {
            my $path = find_module($name);
            return 0 if defined $path and is_own($path);
        }
    }
    return 1;
}

# What the user wants to have loaded besides, the program's own modules perhaps.
sub run_hook {
    my $hook = directory(absolute($0)) . '/warm.pl';
    return if !-f $hook or stats($hook) eq stats($0);
    local ($@, $!);
    do $hook;
    refuse("Its warm.pl fails: $@") if $@;
    %known = %INC;
}

sub load {
    for my $module (@_) {
        (my $file = "$module.pm") =~ s{::}{/}g;
        eval { require $file } or refuse("Its module $module cannot be loaded: $@");
    }
}

# Warnings of the compiler belong to each run.
my @warnings;
my $keep_warning = sub { $is_ready ? CORE::warn(@_) : push @warnings, @_ };

# What the parent may not have

sub has_children { syscall($call->{wait4}, -1, 0, $WNOHANG, 0) >= 0 }    # in contrast to waitpid it leaves $? alone

sub stats { join ' ', map { (stat $_)[0, 1] } @_ }

sub place { stats('.') . ' ' . umask }

sub descriptors {
    opendir my $folder, '/proc/self/fd' or refuse("Cannot read /proc/self/fd: $!");
    my @descriptors = grep { /\A\d+\z/ and $_ > 2 and $_ < $HIDDEN_MIN } readdir $folder;
    closedir $folder;
    return grep { -e "/proc/self/fd/$_" } @descriptors;
}

sub new_descriptors { grep { !$inherited{$_} } descriptors() }

sub threads {
    opendir my $folder, '/proc/self/task' or return 1;
    return grep { /\A\d+\z/ } readdir $folder;
}

# A file that stays open, as the script and DATA, is opened anew by each child: else they would share one position.
sub note_file {
    my ($descriptor) = @_;
    my $path = "/proc/self/fd/$descriptor";
    my ($flags) = Sluice::read_file("/proc/self/fdinfo/$descriptor") =~ /^flags:\s+(\d+)/m;
    refuse("It opens @{[readlink $path]} when it is loaded: open it when it is needed") if !-f $path or oct($flags) & 3;
    push @files, [$descriptor, syscall($call->{lseek}, $descriptor, 0, 1), $path];
}

sub qualify {
    refuse('A module starts threads when it is loaded') if threads() > 1;
    refuse('A module starts processes when it is loaded') if has_children();
    refuse('A module changes the working directory or the umask when it is loaded') if $place ne place();
    for my $path (grep { defined } @INC{ grep { !$known{$_} } keys %INC }) {
        refuse("$path, a file of its own, is loaded by an installed module") if is_own($path);
    }
    flush_files();    # now the position of a file is what has been taken from it, without what perl has read ahead
    note_file($_) for new_descriptors();
}

# Perl destroys what is left when a script has ended, which takes longer than a small script. That is skipped where
# nobody could tell: no class has a destructor, no machine code waits for the end, nothing may have been compiled since.
sub ends_plainly {
    my ($source) = @_;
    return 0 if defined $^I or $source =~ /\beval\b(?!\s*\{)|\b(?:DESTROY|AUTOLOAD|dbmopen)\b/;
    for my $path (map { $INC{$_} } grep { !$loaded{$_} and !$plain{$_} } keys %INC) {
        return 0 if !-f $path or Sluice::read_file($path) =~ /\b(?:DESTROY|AUTOLOAD|XSLoader|DynaLoader)\b/;
    }
    return 1;
}

# The parent

my ($alive, $target, $heard, $closing) = (0, 0, '');

sub reap {
    my ($status, $usage) = (pack('l', 0), "\0" x 144);
    while ((my $pid = syscall $call->{wait4}, -1, $status, $WNOHANG, $usage) > 0) {
        my $left = kill(0, -$pid) ? 1 : 0;
        my ($user_s, $user_us, $system_s, $system_us, $rss) = unpack 'q5', $usage;
        my ($user, $system) = ($user_s * 1000000 + $user_us, $system_s * 1000000 + $system_us);
        report('ended', $pid, unpack('l', $status), $user, $system, $rss, $left);
        $alive--;
    }
}

sub read_control {
    my $chunk = "\0" x 4096;
    my $length = syscall $call->{read}, $control, $chunk, 4096;
    return if $length < 0;
    return ($closing, $target) = (1, 0) if !$length;
    $heard .= substr $chunk, 0, $length;
    $target = $1 while $heard =~ s/\Atarget (\d+)\n//;
}

sub wait_for_news {
    my $ready = '';
    vec($ready, $_, 1) = 1 for $signal, $closing ? () : $control;
    return if select($ready, undef, undef, undef) < 0;
    if (vec $ready, $signal, 1) {
        my $news = "\0" x 128;
        syscall $call->{read}, $signal, $news, 128;
    }
    read_control() if !$closing and vec $ready, $control, 1;
}

# Tells whether two processes would draw the same number.
sub is_seeded {
    my @drawn;
    for (1, 2) {
        my $pid = open my $pipe, '-|';
        if (defined $pid and !$pid) {
            my $number = rand() . "\n";
            syscall $call->{write}, 1, $number, length $number;
            leave();
        }
        push @drawn, <$pipe>;
    }
    return @drawn < 2 || $drawn[0] eq $drawn[1];
}

# Forks children until the server is gone, and reaps the last ones. Returns in a child that has a request.
sub serve {
    qualify();
    $seeded = is_seeded();
    $module_count = keys %INC if ends_plainly($source);
    $is_ready = 1;
    delete $SIG{__WARN__} if ref $SIG{__WARN__} and $SIG{__WARN__} == $keep_warning;
    report('ready');
    while (1) {
        reap();
        leave() if $closing and !$alive;
        while ($alive < $target) {
            my $pid = fork;
            return answer() if defined $pid and !$pid;
            if (!defined $pid) {
                report('failed', "Cannot fork: $!");
                select undef, undef, undef, 0.1;
                last;
            }
            $alive++;
        }
        wait_for_news() if $alive >= $target;
    }
}

# A child

# One buffer for all, made by the parent: a child copies only the pages that its request fills.
vec(my $payload = '', $PAYLOAD_BYTES_MAX - 1, 8) = 0;
vec(my $ancillary = '', 31, 8) = 0;    # CMSG_SPACE of three descriptors
my $vector = pack 'PQ', $payload, $PAYLOAD_BYTES_MAX;
my $message = pack 'x16PQPQx8', $vector, 1, $ancillary, 32;

sub reopen {
    my ($descriptor, $position, $path) = @_;
    my $fresh = syscall $call->{openat}, $AT_FDCWD, $path, $O_CLOEXEC;
    syscall $call->{lseek}, $fresh, $position, 0;
    syscall $call->{dup3}, $fresh, $descriptor, $O_CLOEXEC;
    syscall $call->{close}, $fresh;
}

# Perl seeds itself at the first rand, unless a module has drawn a number in the parent. The order of keys in a new hash
# follows from what hashes have been through, which is the same in all children.
sub reseed {
    srand if $seeded;
    my %shaken;
    $shaken{$_} = 1 for 1 .. $$ % 32;
}

# Waits for a run and returns its variables.
sub receive {
    my $length;
    do { $length = syscall $call->{recvmsg}, $work, $message, $MSG_CMSG_CLOEXEC } while $length < 0 and $! == $EINTR;
    my ($size, $level, $type, @streams) = unpack 'QllL3', $ancillary;
    leave() if $length <= 0 or $size != 28;
    my ($number, @variables) = split /\0/, substr $payload, 0, $length;
    report('took', $$, $number);
    for my $standard (0, 1, 2) {
        syscall $call->{dup3}, $streams[$standard], $standard, 0;
        syscall $call->{close}, $streams[$standard];
    }
    syscall $call->{close}, $work;
    return @variables;
}

sub answer {
    syscall $call->{setsid};
    syscall $call->{rt_sigprocmask}, $SIG_SETMASK, $mask, 0, 8;
    syscall $call->{close}, $_ for $control, $signal;
    reopen(@$_) for @files;
    reseed();
    my %request;
    for (receive()) {
        my ($name, $value) = split /=/, $_, 2;
        if ($name =~ /\ASLUICE_/) { $request{$name} = $value }
        else { $ENV{$name} = $value }
    }
    $^T = time;
    print STDERR @warnings if @warnings;
    $! = 0;    # else a script that dies would exit with it
    Sluice::begin(@request{qw(SLUICE_REQUEST SLUICE_REQUEST_FILE)});
}

# Reports that the run is over. The end of standard output has to be seen, unless the script has put it elsewhere.
sub over {
    my ($output, $inode) = @_;
    my $code = $? & 255;
    flush_files();
    my $current = (stat $output)[1];
    syscall $call->{dup3}, $null, 1, 0 if defined $current and $current == $inode;
    return if !$module_count or keys %INC != $module_count or has_children();    # its end tells, after the destructors
    report('done', $$, $code);
    syscall $call->{exit_group}, $code;
}

# The parent's start

sub unsupported {
    my $line = "refused Warm processes need Perl on Linux, on x86_64 or aarch64\n";
    open my $report, '>&=', 4;
    syswrite $report, $line;
    exit 0;
}

# What has to stay as it is while modules are loaded.
sub note_start {
    $place = place();
    %loaded = %known = %INC;
    my $script = stats($0);
    %inherited = map { $_ => 1 } grep { stats("/proc/self/fd/$_") ne $script } descriptors();
    @own = map { directory($_) } absolute($0), map { readlink "/proc/self/fd/$_" } new_descriptors();
    push @own, map { s{/+\z}{}r } grep { length } split /:/, $ENV{PERL5LIB} || '';
}

# Loads what can be loaded ahead, and tells whether the whole script can be compiled.
sub prepare {
    $source = eval { Sluice::prepare() };
    refuse($@) if !defined $source;
    run_hook();
    local @INC = @INC;
    my $whole = survey($source, \my @modules);
    # What the runner itself would load for a request.
    @modules = ('JSON::PP::Boolean', $source =~ /->\s*json\b/ ? 'JSON::PP' : ()) if $whole;
    load(@modules);
    return $whole && compiles();
}

# Tries it in a child, which goes on as far as the INIT block below. What does not compile says so in each run.
sub compiles {
    my $pid = fork;
    refuse("Cannot fork: $!") if !defined $pid;
    if (!$pid) {
        $is_trial = 1;
        syscall $call->{dup3}, $null, 2, 0;
        note_file($_) for new_descriptors();
        reopen(@$_) for @files;
        return 1;
    }
    my $status = pack 'l', 0;
    syscall $call->{wait4}, $pid, $status, 0, 0;
    return unpack('l', $status) == 0;
}

find_calls() or unsupported();
delete $ENV{SLUICE_REUSE};
take_descriptors();
note_start();
$Sluice::over = \&over;
$SIG{__WARN__} = $keep_warning;
$compiling = prepare() or serve();

INIT {
    leave() if $is_trial;
    if ($compiling) {
        $compiling = 0;
        serve();
    }
}

END { refuse('It cannot be compiled: a cold run tells why') if $call and !$is_ready and $$ == $parent }

1;
