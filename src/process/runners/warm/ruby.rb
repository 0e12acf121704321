# frozen_string_literal: true

# Warm mode for Ruby: a parent that has loaded the script's libraries keeps forked spares. The runner loads this file
# when it is to be such a parent; `serve` comes back in a spare that has taken a request, and Ruby goes on to run the
# script there as its main program.
#
# A page that a child is the first to write to costs it a fault, so that little is done between fork and script. Plain
# system calls receive the request: the socket library would cost more, and the script would see it loaded.
module Sluice
  module Warm
    WORK = 3 # docs/warm.md describes the protocol
    REPORT = 4
    CONTROL = 5
    HIDDEN_MIN = 100 # where these go: the descriptors of a script count from 3
    F_DUPFD_CLOEXEC = 1030
    LINE_BYTES_MAX = 400
    SIGNAL_BYTES = 128 # struct signalfd_siginfo
    PAUSE_S = 0.1
    FDS = "/proc/self/fd"
    OWN_EXTENSIONS = RbConfig::CONFIG["archdir"]

    # System calls that Ruby has no method for, by their numbers on Linux.
    CALLS = {
      "x86_64" => { close: 3, rt_sigprocmask: 14, recvmsg: 47, wait4: 61, signalfd4: 289, dup3: 292 },
      "aarch64" => { close: 57, rt_sigprocmask: 135, recvmsg: 212, wait4: 260, signalfd4: 74, dup3: 24 }
    }[RbConfig::CONFIG["host_cpu"]]

    class Refusal < StandardError; end

    # The memory that system calls read and write: struct msghdr and what it points to, wait status, struct rusage, and
    # sets of signals.
    class Memory
      STATUS = 0
      USAGE = 16
      MESSAGE = 160
      VECTOR = 216
      DESCRIPTORS = 256
      DESCRIPTORS_BYTES = 64
      SIGNALS = 320
      SIGNALS_BEFORE = 328
      DATA = 512
      DATA_BYTES = 65_536
      NOHANG = 1
      CMSG_CLOEXEC = 0x4000_0000
      SFD_CLOEXEC = 0o2000000
      SIG_BLOCK = 0
      SIG_SETMASK = 2

      def initialize
        @bytes = "\0".b * (DATA + DATA_BYTES) # too long to lie in the object itself, which the collector may move
        @address = [@bytes].pack("P").unpack1("J")
        @bytes[MESSAGE, 56] = [0, 0, at(VECTOR), 1, at(DESCRIPTORS), DESCRIPTORS_BYTES, 0].pack("J7")
        @bytes[VECTOR, 16] = [at(DATA), DATA_BYTES].pack("J2")
        @bytes[SIGNALS, 8] = [1 << (Signal.list["CHLD"] - 1)].pack("Q")
      end

      # Blocks SIGCHLD and gives a descriptor to read it from: none can slip in ahead of the wait.
      def take_signals
        Warm.call(:rt_sigprocmask, SIG_BLOCK, at(SIGNALS), at(SIGNALS_BEFORE), 8)
        Warm.call(:signalfd4, -1, at(SIGNALS), 8, SFD_CLOEXEC)
      end

      def release_signals = Warm.call(:rt_sigprocmask, SIG_SETMASK, at(SIGNALS_BEFORE), 0, 8)

      # Waits for a packet. Gives its payload and descriptors, or nil when it carries none.
      def receive(socket)
        size = Warm.call(:recvmsg, socket, at(MESSAGE), CMSG_CLOEXEC)
        return if @bytes.unpack1("J", offset: MESSAGE + 40).zero? # the length of what came beside the payload

        [@bytes.byteslice(DATA, size), @bytes.unpack("l3", offset: DESCRIPTORS + 16)]
      rescue Errno::EINTR
        retry
      end

      # Reaps a child that has ended. Gives its id, wait status, user and system time in microseconds, and KiB.
      def reap
        pid = Warm.call(:wait4, -1, at(STATUS), NOHANG, at(USAGE))
        return if pid.zero?

        user, user_us, system, system_us, kib = @bytes.unpack("q5", offset: USAGE)
        [pid, @bytes.unpack1("l", offset: STATUS), (user * 1_000_000) + user_us, (system * 1_000_000) + system_us, kib]
      rescue Errno::ECHILD
        nil
      end

      private

      def at(offset) = @address + offset
    end

    # Loads the libraries that a script requires before anything else of it runs, and in the same order: by literal
    # `require` at the top level, there or in the files that it names by `require_relative`. Definitions may stand
    # between. It ends at the first other statement, which might change what the next `require` does.
    class Libraries
      DEFINITIONS = %i[DEFN CLASS MODULE].freeze
      OWN = (RbConfig::CONFIG.values_at("rubylibdir", "archdir", "sitedir", "vendordir") + Gem.path).freeze

      def initialize
        @files = {}
      end

      # Returns whether all of the file may be passed over.
      def preload(path)
        return true if @files.key?(path)

        @files[path] = File.binread(path)
        _, _, body = RubyVM::AbstractSyntaxTree.parse_file(path).children
        statements = body&.type == :BLOCK ? body.children : [body]
        statements.compact.all? { |node| pass?(node, path) }
      rescue SyntaxError, SystemCallError
        false # the script itself will tell
      end

      # Whether a source uses the service object, which needs the JSON library.
      def service? = @files.each_value.any? { |text| text.match?(/service|hook/i) }

      private

      def pass?(node, path)
        return true if DEFINITIONS.include?(node.type)

        case literal_call(node)
        in [:require, name] then require_library(name, path, node.first_lineno)
        in [:require_relative, name] then preload("#{File.expand_path("../#{name}", path).delete_suffix(".rb")}.rb")
        else false
        end
      end

      def literal_call(node)
        return unless node.type == :FCALL && node.children[1]

        text, *rest = node.children[1].children.compact
        [node.children[0], text.children[0]] if rest.empty? && text.type == :STR
      end

      # Evaluated as if it stood in the script: there are libraries that look who calls them.
      def require_library(name, path, line)
        _, found = $LOAD_PATH.resolve_feature_path(name)
        return false if name.match?(%r{\A[./~]}) || (found&.start_with?("/") && !found.start_with?(*OWN))

        TOPLEVEL_BINDING.eval("require #{name.dump}", path, line)
        true
      end
    end

    # What preloaded code must leave alone, since forked children would share or lose it.
    class Guard
      SIGNALS = %w[HUP INT QUIT ALRM TERM USR1 USR2 CHLD].freeze

      def initialize
        @pid = Process.pid
        @threads, @fds, @directory, @umask = threads, fds, Dir.pwd, File.umask
      end

      def check
        exit! if Process.pid != @pid # preloaded code has forked, and this is its child
        refuse("it leaves threads running") if Thread.list.size > 1 || extra_threads?
        refuse("it leaves #{describe(fds - @fds)} open") if (fds - @fds).any?
        refuse("it leaves processes running") if children?
        refuse("it changes the directory to #{Dir.pwd}") if Dir.pwd != @directory
        refuse("it changes the umask") if File.umask != @umask
        trapped = SIGNALS.find { |name| trapped?(name) }
        refuse("it traps SIG#{trapped}") if trapped
      end

      private

      def refuse(what)
        raise Refusal, "Cannot preload: #{what}; require it later in the script, when other code has run"
      end

      def threads = Dir.children("/proc/self/task").size
      def describe(fds) = fds.map(&:last).join(", ")

      def fds
        all = Dir.each_child(FDS).map { |fd| [fd, File.readlink("#{FDS}/#{fd}")] }
        all.reject { |_, target| target == "/proc/#{Process.pid}/fd" } # the look itself
      end

      # Ruby keeps the system's thread of one that has ended for some seconds.
      def extra_threads? = 50.times.all? { sleep(0.1) if threads > @threads }

      def children?
        Process.wait(-1, Process::WNOHANG)
        true
      rescue Errno::ECHILD
        false
      end

      def trapped?(name)
        before = trap(name, "DEFAULT")
        trap(name, before) if before.is_a?(String)
        before.is_a?(Proc)
      end
    end

    # A finalizer is work for the end of the process.
    module Finalizers
      def define_finalizer(...)
        Warm.note_finalizer
        super
      end
    end

    class << self
      # Returns in a child that has a request.
      def serve
        prepare
        report("ready")
        start_run(*supervise)
      rescue Refusal => error
        report("refused #{error.message}")
        exit!(0)
      rescue Exception => error
        unless error.is_a?(SignalException)
          warn(error.full_message)
          sleep(PAUSE_S) # spares that all fail are not to be forked without end at full speed
        end
        exit!(1) # without the end handlers, which are the script's
      end

      # The last of all end handlers. What Ruby does after it is skipped where it would be seen by nobody.
      def finish
        status = $!.nil? ? 0 : ($!.status if $!.is_a?(SystemExit))
        return if Process.pid != @pid || status.nil? || unfinished?

        [STDOUT, STDERR].each(&:flush)
        call(:dup3, @report.fileno, 1, 0) # gives standard output up
        report("done #{@pid} #{status}")
        exit!(status)
      rescue SystemCallError, IOError
        nil # Ruby's own end deals with it
      end

      def note_finalizer
        @finalizers = true
      end

      # Quiet: `syscall` warns of its age.
      def call(name, *arguments)
        verbose, $VERBOSE = $VERBOSE, nil
        syscall(CALLS[name], *arguments)
      ensure
        $VERBOSE = verbose
      end

      private

      def report(line) = @report.syswrite("#{line.scrub.tr("\n", " ").byteslice(0, LINE_BYTES_MAX)}\n")

      # The parent

      def prepare
        take_descriptors
        ENV.delete("SLUICE_REUSE") # a child takes one run
        @foreign = ENV.key?("RUBYOPT") # end handlers of what that loads would come after ours
        guard = Guard.new
        preload
        guard.check
        rehearse
        @randoms = ObjectSpace.each_object(Random).select { |random| random.seed.bit_length > 64 } # seeds not chosen
        @script = ObjectSpace.each_object(File).find { |file| !file.closed? && file.path == $PROGRAM_NAME }
        @features = $LOADED_FEATURES.size
        @foreign ||= foreign?($LOADED_FEATURES)
        Process.respond_to?(:warmup) ? Process.warmup : 4.times { GC.start } # all that lives is old then
        @memory = Memory.new
      end

      def take_descriptors
        @work = hide(WORK)
        @report = IO.for_fd(hide(REPORT), "w")
        @control = IO.for_fd(hide(CONTROL), autoclose: false) # a child closes it with a plain system call
        raise Refusal, "Cannot keep spares: this needs Linux on x86_64 or aarch64" unless CALLS
      end

      def hide(fd)
        io = IO.for_fd(fd)
        io.fcntl(F_DUPFD_CLOEXEC, HIDDEN_MIN).tap { io.close }
      end

      def preload
        libraries = Libraries.new
        libraries.preload($PROGRAM_NAME)
        @json = libraries.service?
        require "json" if @json
        hook = File.expand_path("warm.rb", File.dirname($PROGRAM_NAME))
        require hook if File.file?(hook) && !File.identical?(hook, $PROGRAM_NAME)
      rescue Exception => error
        raise Refusal, "Cannot preload: #{error.class}: #{error.message}; a cold run tells more"
      end

      # Fills the caches in the code that a request runs: else each child would fill them, and copy the pages.
      def rehearse
        service = Service.new(Response.new(->(*) {}))
        service.start('{"method":"GET","params":{"name":"value"}}')
        [service.params, service.req.method] if @json
        2.times { service.res.emit("text", "\n") }
        service.res.finish(false)
        @code = RubyVM::InstructionSequence.compile_file($PROGRAM_NAME) # keeps the names and strings of the script
      rescue SyntaxError
        nil # the script itself will tell
      end

      # Keeps as many children as the server wants. Returns in a child that has a request.
      def supervise
        @alive, @target, @text = 0, 0, +""
        @signals = IO.for_fd(hide(@memory.take_signals), autoclose: false)
        loop do
          reap
          read_control
          request = fork_spares
          return request if request

          exit!(0) if @control.closed? && @alive.zero?
          wait_for_news
        end
      end

      def wait_for_news
        news = [@signals, @control].reject(&:closed?)
        ready, = IO.select(news, nil, nil, (PAUSE_S if @alive < @target))
        @signals.readpartial(SIGNAL_BYTES) if ready&.include?(@signals)
      end

      def reap
        while (pid, *usage = @memory.reap)
          left = group_left(pid)
          report("ended #{pid} #{usage.join(" ")} #{left}")
          @alive -= 1
        end
      end

      def group_left(pid)
        Process.kill(0, -pid)
        1
      rescue Errno::ESRCH
        0
      end

      def read_control
        return if @control.closed?

        @text << @control.read_nonblock(4096)
        lines = @text.slice!(/.*\n/m)
        @target = lines[/(\d+)\n\z/, 1].to_i if lines
      rescue IO::WaitReadable
        nil
      rescue EOFError # the server is gone, or wants no more
        @control.close
        @target = 0
      end

      def fork_spares
        while @alive < @target
          child = fork_child
          return wait_for_request unless child
          return if child == :failed

          @alive += 1
        end
      end

      def fork_child
        fork
      rescue SystemCallError => error
        report("failed #{error.message}")
        :failed
      end

      # A child

      def wait_for_request
        Process.setsid
        @memory.release_signals
        call(:close, @signals.fileno)
        call(:close, @control.fileno)
        @randoms.each { |random| random.send(:initialize) }
        @fds = Dir.children(FDS)
        @memory.receive(@work) or exit!(0)
      end

      def start_run(packet, streams)
        @pid = Process.pid
        number, *variables = packet.force_encoding(Encoding::UTF_8).split("\0")
        report("took #{@pid} #{number}")
        script = File.open($PROGRAM_NAME) if @script
        streams.each.with_index { |fd, standard| move(fd, standard) }
        call(:close, @work)
        variables.each { |text| ENV.store(*text.split("=", 2)) }
        renew(script) if script
      end

      # Ruby has opened the script before the runner: children that read that file would share its position. The new one
      # gets the number that it has in a cold run, which was not free in the parent.
      def renew(script)
        @script.send(:initialize_copy, script)
        script.close
      end

      def move(from, to)
        call(:dup3, from, to, 0)
        call(:close, from)
      end

      # Whether something is left that Ruby's own end would see to: files to flush, finalizers, threads with `ensure`,
      # libraries in C with an end of their own, streams of Zlib that warn.
      def unfinished?
        @finalizers || @foreign || Thread.list.size > 1 || Ractor.count > 1 ||
          (Dir.children(FDS) - @fds).any? || foreign?($LOADED_FEATURES.drop(@features)) || compressing?
      end

      def foreign?(features)
        extensions = features.select { |path| path.start_with?("/") && path.end_with?(".so") }
        extensions.any? { |path| !path.start_with?(OWN_EXTENSIONS) || path.end_with?("/fiddle.so") }
      end

      def compressing?
        defined?(Zlib) && [Zlib::GzipFile, Zlib::ZStream].any? { |kind| ObjectSpace.each_object(kind).any? }
      end
    end

    ObjectSpace.singleton_class.prepend(Finalizers)
    at_exit { finish } # the first handler, hence the last to run
  end
end
