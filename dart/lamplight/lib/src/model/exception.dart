/// The failure of a call, and the end of a link.
library;

import 'codes.dart';

/// The failure of a call. Nothing was changed, unless [isOutcomeUnknown] is
/// true.
final class LamplightException implements Exception {
  /// Creates a failure.
  const LamplightException(this.code, this.message);

  /// Creates a failure with the text of the table of codes.
  LamplightException.of(this.code, [String detail = ''])
      : message = detail.isEmpty
            ? LamplightCode.english(code)
            : '${LamplightCode.english(code)}: $detail';

  /// The code of the contract ([LamplightCode]): the code of the server's
  /// refusal; 6014 without a session; 9508 if there was no connection in time,
  /// so that the call was not sent; 9520 if the call was sent and had no
  /// answer.
  final int code;

  /// The text for the code in English, with details.
  final String message;

  /// Whether the server may have executed the call, because there was no answer
  /// in time, or the link broke before the answer (9520).
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

/// The reasons for which a link, or the attempt to make one, ends.
enum LinkEndKind {
  /// The link was closed, by the server or on the way to it, without a reason.
  closed,

  /// Reading, writing or connecting failed.
  failed,

  /// Nothing was received for too long after a heartbeat or a request.
  silent,

  /// The connection was not established in time.
  connectTimeout,

  /// The login was not answered in time.
  loginTimeout,

  /// The login was refused.
  refused,

  /// The application logged out before its login was answered.
  loggedOut,

  /// The server stops or hands its clients over, and has asked this client to
  /// reconnect.
  moved,

  /// The server has too many connections, or too many from this address.
  tooManyConnections,

  /// The server has ended the link for another reason.
  endedByServer,

  /// The received bytes are not a message of the contract.
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

  /// The refusal of the login, if there was one.
  final LamplightException? refusal;

  @override
  String toString() => 'LinkEnd(${kind.name}: $message)';
}
