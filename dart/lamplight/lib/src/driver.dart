/// The driver of the connection machine. It passes messages and the time to the
/// machine, and executes the effects. The machine makes all decisions.
library;

import 'dart:async';
import 'dart:collection';
import 'dart:convert';
import 'dart:math';

import 'event_stream.dart';
import 'machine/machine.dart';
import 'machine/request.dart';
import 'machine/session.dart';
import 'model/exception.dart';
import 'transport.dart';
import 'wire/server_message.dart';

/// The size limit of a message from the server, according to the wire contract:
/// 8 MiB.
const _maxServerMessage = 8 * 1024 * 1024;

/// A connection to one server, and its machine.
final class Driver {
  /// Creates a driver that has no link yet.
  Driver(this._machine, this._server, this._connector, this._callTimeout);

  Machine _machine;
  final Uri _server;
  final Connector _connector;
  final Duration _callTimeout;

  /// The machine, for reading its state.
  Machine get machine => _machine;

  /// The events for the application.
  late final EventSource events = EventSource(() => machine.cache.users);

  /// A monotonic clock, so that changes of the wall clock have no effect.
  final Stopwatch _clock = Stopwatch()..start();
  final Random _random = Random();

  final Map<CallId, Completer<Object>> _waiters = {};
  CallId _lastCall = 0;

  final Queue<Input> _inputs = Queue();
  bool _isStepping = false;
  bool _isClosed = false;

  Link? _link;
  StreamSubscription<String>? _messages;

  Timer? _timer;
  int? _due;

  /// The current time in milliseconds, as the machine gets it.
  int get now => _clock.elapsedMilliseconds;

  /// Logs in.
  Future<Object> login(String user, String token) =>
      _ask((call, deadline) => LoginInput(call, deadline, user, token));

  /// Makes a call.
  Future<Object> call(Request request) =>
      _ask((call, deadline) => CallInput(call, deadline, request));

  /// Passes an input of the application or the device to the machine.
  void tell(Input input) {
    if (!_isClosed) _step(input);
  }

  /// Closes the link, fails all calls, ends the event stream, and drops the
  /// session.
  void close() {
    if (_isClosed) return;
    _isClosed = true;
    _inputs.clear();
    _timer?.cancel();
    _timer = null;
    _drop();
    _machine = Machine(machine.identity);
    final waiters = [..._waiters.values];
    _waiters.clear();
    for (final waiter in waiters) {
      waiter.completeError(closed(), StackTrace.current);
    }
    events.close();
  }

  Future<Object> _ask(Input Function(CallId call, int deadline) input) {
    if (_isClosed) return Future.error(closed(), StackTrace.current);
    final waiter = Completer<Object>();
    final call = ++_lastCall;
    _waiters[call] = waiter;
    _step(input(call, now + _callTimeout.inMilliseconds));
    return waiter.future;
  }

  /// Passes an input to the machine, and executes the effects. Inputs that
  /// arrive during a step are queued. Returns whether a call was answered.
  bool _step(Input input) {
    _inputs.add(input);
    if (_isStepping) return false;
    _isStepping = true;
    var hasAnswered = false;
    try {
      while (_inputs.isNotEmpty) {
        final next = _inputs.removeFirst();
        for (final effect in machine.step(next, now, _random.nextDouble())) {
          hasAnswered |= effect is AnswerCall;
          _apply(effect);
        }
      }
    } finally {
      _isStepping = false;
      _arm();
    }
    return hasAnswered;
  }

  void _apply(Effect effect) {
    switch (effect) {
      case OpenLink():
        _open();
      case CloseLink():
        _drop();
      case SendMessage(:final message):
        _send(jsonEncode(message));
      case AnswerCall(:final call, :final value):
        _waiters.remove(call)?.complete(value);
      case FailCall(:final call, :final error):
        _waiters.remove(call)?.completeError(error, StackTrace.current);
      case Emit(:final event):
        events.add(event);
    }
  }

  // The link.

  void _open() {
    _drop();
    final Link link;
    try {
      link = _connector(_server);
    } on Object catch (error) {
      return _ended(LinkEnd(LinkEndKind.failed, 'cannot connect: $error'));
    }
    // The connector is code of the application, and may have closed the client.
    if (_isClosed) return link.close();
    _link = link;
    link.ready.then(
      (_) {
        if (!identical(_link, link)) return link.close();
        _messages = link.messages.listen(
          (text) => _heard(link, text),
          onError: (Object error) => _failed(link, error),
          onDone: () => _endedOf(
            link,
            const LinkEnd(LinkEndKind.closed, 'closed by the server'),
          ),
        );
        _step(const LinkUpInput());
      },
      onError: (Object error) {
        link.close();
        final why = 'cannot connect to $_server: $error';
        _endedOf(link, LinkEnd(LinkEndKind.failed, why));
      },
    );
  }

  void _send(String text) {
    final link = _link;
    if (link == null) return;
    try {
      link.send(text);
    } on Object catch (error) {
      // The transport is code of the application; its errors must not reach the
      // caller of this method.
      _failed(link, error);
    }
  }

  void _heard(Link link, String text) {
    if (!identical(_link, link)) return;
    final ServerMessage message;
    try {
      if (text.length > _maxServerMessage) {
        throw const FormatException('the message is too long');
      }
      message = ServerMessage.parse(text);
    } on FormatException catch (error) {
      return _failed(link, error);
    }
    if (_step(ReceivedInput(message))) {
      // The microtasks of the callers that got answers run before the next
      // message.
      _messages?.pause(Future<void>(() {}));
    }
  }

  void _failed(Link link, Object error) => _endedOf(
        link,
        error is FormatException
            ? LinkEnd(LinkEndKind.protocol, error.message)
            : LinkEnd(LinkEndKind.failed, 'the connection broke: $error'),
      );

  void _endedOf(Link link, LinkEnd why) {
    if (identical(_link, link)) _ended(why);
  }

  void _ended(LinkEnd why) => _step(LinkEndedInput(why));

  void _drop() {
    final link = _link;
    _link = null;
    // The subscription is not cancelled. A WebSocket waits until its peer has
    // closed it too, and notices this only while it has a listener.
    _messages = null;
    link?.close();
  }

  // The clock.

  void _arm() {
    final due = _isClosed ? null : machine.nextDeadline;
    if (due == _due && _timer != null) return;
    _timer?.cancel();
    _timer = null;
    _due = due;
    if (due == null) return;
    // One millisecond is added, because the clock truncates fractions.
    final wait = Duration(milliseconds: max(0, due - now) + 1);
    _timer = Timer(wait, () {
      _timer = null;
      _step(const TickInput());
    });
  }
}
