/// The failure of a call, and the end of a link.
library;

import 'codes.dart';

/// The failure of a call. Nothing was changed, unless [isOutcomeUnknown].
final class LamplightException implements Exception {
  /// Creates a failure.
  const LamplightException(this.code, this.message);

  /// Creates a failure with the text of the table of codes.
  LamplightException.of(this.code, [String detail = ''])
      : message = detail.isEmpty
            ? LamplightCode.english(code)
            : '${LamplightCode.english(code)}: $detail';

  /// The code of the contract ([LamplightCode]): that of the server's
  /// refusal; 6014 without a session; 9508 when there was no connection in
  /// time and the server has not been asked; 9520 when there was no answer.
  final int code;

  /// The meaning of the code, in English, with details.
  final String message;

  /// Whether the server may have done what was asked: there was no answer in
  /// time, or the link broke before it (9520).
  bool get isOutcomeUnknown => code == LamplightCode.noAnswer;

  @override
  bool operator ==(Object other) =>
      other is LamplightException &&
      other.code == code &&
      other.message == message;

  @override
  int get hashCode => Object.hash(code, message);

  @override
  String toString() => 'LamplightException($code: $message)';
}

/// The kinds of ends that a link, or the attempt to make one, can have.
enum LinkEndKind {
  /// The server, or something between, closed it without a word.
  closed,

  /// Reading, writing or connecting failed.
  failed,

  /// Nothing was heard for too long after a heartbeat or a request.
  silent,

  /// There was no connection within the time for one.
  connectTimeout,

  /// There was no answer to the login within the time for one.
  loginTimeout,

  /// The login was refused.
  refused,

  /// The application logged out before its login was answered.
  loggedOut,

  /// The server stops or hands over, and has asked this client to return.
  moved,

  /// The server has too many connections, or too many from this address.
  tooManyConnections,

  /// The server gave up on this client.
  endedByServer,

  /// The received bytes are no message of the contract.
  protocol,

  /// The application was paused.
  paused,
}

/// The end of a link, or of the attempt to make one. The session goes on.
final class LinkEnd {
  /// Creates an end.
  const LinkEnd(this.kind, this.message, {this.refusal});

  /// The kind of the end.
  final LinkEndKind kind;

  /// The cause in words, for logs.
  final String message;

  /// The refusal of the login, where there was one.
  final LamplightException? refusal;

  @override
  String toString() => 'LinkEnd(${kind.name}: $message)';
}
