# frozen_string_literal: true

# Service mode for Ruby: `ruby -r RUNNER SCRIPT [ARGS...]`. Loaded ahead of the script, which stays the main program.
#
# Standard output is an HTTP/1.1 response message. Everything that Ruby prints passes `STDOUT.write`, which puts the
# head before the first byte; each print goes out at once (`$stdout.sync`).
module Sluice
  CHUNK_BYTES = 65_536
  TOKEN = /\A[!#$%&'*+\-.^_`|~0-9A-Za-z]+\z/ # RFC 9110 section 5.6.2

  class Response
    def initialize(raw = STDOUT.method(:write)) # what IO itself does, taken before Output comes in front of it
      @raw = raw
      @code, @fields, @trailers, @declared = 200, {}, [], []
      @chunked = @started = @ended = false
    end

    # Makes the present process the one that answers. What a warm parent prints before is no response.
    def start
      @pid, @inode = Process.pid, STDOUT.stat.ino
    end

    # Sets the status, or without an argument tells it.
    def status(code = nil)
      return @code unless code

      before_head("the status")
      raise ArgumentError, "Cannot set the status: #{code.inspect} is not an integer from 200 to 599" unless
        code.is_a?(Integer) && code.between?(200, 599)

      @code = code
      self
    end
    alias status= status

    def header(name, value)
      before_head(name)
      @fields[name.to_s.downcase] = [field(name, value)]
      self
    end

    def append(name, value)
      before_head(name)
      (@fields[name.to_s.downcase] ||= []) << field(name, value)
      self
    end

    def remove(name)
      before_head(name)
      @fields.delete(name.to_s.downcase)
      self
    end

    def trailer(name, value)
      raise IOError, "Cannot set the trailer #{name}: declare it first with header(\"Trailer\", ...)" if
        @ended || (@started && !@declared.include?(name.to_s.downcase))

      @trailers << field(name, value)
      self
    end

    def write(data)
      data = data.to_s
      data = data.encode(Encoding::UTF_8) unless data.encoding == Encoding::BINARY
      emit(data)
      flush
    end

    def flush
      @raw.call(head) unless @started
      self
    end

    def json(value)
      require "json"
      text = JSON.generate(value)
      header("Content-Type", "application/json").end(text)
    end

    def end(data = "")
      write(data)
      @raw.call("0\r\n#{lines(@trailers)}\r\n") if @chunked
      @ended = true
    end

    def error(message)
      abort(message.to_s)
    end

    # Sends body bytes, behind the head when they are the first, and returns their count.
    def emit(*data)
      size = data.sum(&:bytesize)
      return 0 if size.zero?
      raise IOError, "Cannot write: the response has ended" if @ended

      first = @started ? "" : head
      @chunked ? @raw.call(first, "#{size.to_s(16)}\r\n", *data, "\r\n") : @raw.call(first, *data)
      size
    end

    def finish(failed)
      self.end unless failed || @ended || forked?
    end

    # A child that inherits standard output writes past STDOUT: the head has to be out before it starts.
    def flush_before_child(options)
      captured = options.is_a?(Hash) && options.keys.flatten.any? { |key| [:out, 1, STDOUT].include?(key) }
      flush unless captured || forked?
    end

    private

    def forked? = Process.pid != @pid

    def before_head(what)
      raise IOError, "Cannot set #{what}: the head has been sent" if @started
    end

    def head
      if forked?
        raise IOError, "Cannot write in a forked process: call service.res.flush before the fork" if
          STDOUT.stat.ino == @inode

        return "" # standard output was redirected after the fork
      end
      @started = true
      fields = { "content-type" => [["Content-Type", "text/plain; charset=utf-8"]] }.merge(@fields)
      declare_trailers(fields)
      "HTTP/1.1 #{@code} \r\n#{lines(fields.values.flatten(1))}\r\n"
    end

    def declare_trailers(fields)
      names = (fields.delete("trailer") || []).map(&:last) + @trailers.map(&:first)
      @declared = names.join(",").downcase.split(",").map(&:strip).reject(&:empty?).uniq
      return if @declared.empty?

      @chunked = true
      fields.delete("content-length")
      fields["transfer-encoding"] = [%w[Transfer-Encoding chunked], ["Trailer", @declared.join(", ")]]
    end

    def field(name, value)
      value = value.to_s
      raise ArgumentError, "Cannot set a header: #{name.inspect} is not a token" unless TOKEN.match?(name.to_s)
      raise ArgumentError, "Cannot set the header #{name}: its value holds CR, LF or NUL" if value.b.match?(/[\r\n\0]/)
      raise ArgumentError, "Cannot set #{name}: it follows from the trailers" if name.to_s.casecmp?("Transfer-Encoding")

      [name.to_s, value]
    end

    def lines(fields) = fields.map { |name, value| "#{name}: #{value}\r\n" }.join
  end

  # The request's fields, and its body: `read([n])`, or `each` chunk.
  class Request
    include Enumerable

    def initialize(service)
      @service = service
    end

    %w[id method url path headers remoteAddress query files body].each do |name|
      define_method(name) { @service.request_data[name] }
    end

    def read(length = nil) = STDIN.read(length)&.force_encoding(Encoding::BINARY)

    def each
      loop { yield STDIN.readpartial(CHUNK_BYTES) }
    rescue EOFError
      self
    end
  end

  class Service
    attr_reader :req, :res
    alias request req
    alias response res

    def initialize(res = Response.new)
      @req = Request.new(self)
      @res = res
    end

    def start(text)
      @text = text
      @res.start
    end

    # Parsed when first asked for: scripts that need no parameters need not wait for the JSON library.
    def request_data
      require "json"
      @request_data ||= JSON.parse(@text, max_nesting: false)
    end

    def params = request_data.fetch("params", {})

    def env = @env ||= ENV.to_h { |*pair| pair.map { |text| text.dup.force_encoding(Encoding::UTF_8) } }
  end

  # Comes in front of IO's methods on STDOUT alone; puts, print, p, printf and << all call `write`.
  module Output
    def write(*data) = SERVICE.res.emit(*data.map(&:to_s))
    def syswrite(data) = write(data)
    def write_nonblock(data, **) = write(data)
  end

  # Given STDOUT, IO.copy_stream would write to the file descriptor itself.
  module CopyStream
    SINK = Object.new.extend(Output)

    def copy_stream(source, target, *rest) = super(source, target.equal?(STDOUT) ? SINK : target, *rest)
  end

  # Between Object and Kernel, so that a script can define methods of these names.
  module Globals
    %i[service hook].each { |name| define_method(name) { SERVICE } }
    private :service, :hook
  end

  def self.flush_before_children(target, placement, visibility)
    children = Module.new do
      %i[system spawn exec].each do |name|
        define_method(name) do |*args|
          SERVICE.res.flush_before_child(args.last)
          super(*args)
        end
        send(visibility, name)
      end
    end
    target.send(placement, children)
  end

  def self.read_request
    text = ENV.delete("SLUICE_REQUEST")
    path = ENV.delete("SLUICE_REQUEST_FILE")
    text = File.read(path) if path
    (text || "{}").dup.force_encoding(Encoding::UTF_8)
  end

  def self.install
    Object.include(Globals)
    flush_before_children(Object, :include, :private)
    [Kernel, Process].each { |target| flush_before_children(target.singleton_class, :prepend, :public) }
    IO.singleton_class.prepend(CopyStream)
    STDOUT.sync = true
    STDOUT.singleton_class.prepend(Output)
  end

  Encoding.default_external = Encoding::UTF_8
  ARGV.map! { |argument| argument.dup.force_encoding(Encoding::UTF_8) }
  warm = ENV.delete("SLUICE_WARM")
  load warm if warm
  SERVICE = Service.new
  install
  # The first handler registered is the last to run: the script's own may print until then.
  at_exit { SERVICE.res.finish(!$!.nil? && !($!.is_a?(SystemExit) && $!.success?)) }
end

$service = $hook = Sluice::SERVICE
Hook = $service
Sluice::Warm.serve if defined?(Sluice::Warm) # comes back in a process of its own for each request
Sluice::SERVICE.start(Sluice.read_request)
