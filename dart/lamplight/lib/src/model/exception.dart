/// The failure of a call, and the end of a link.
library;

import 'codes.dart';

/// The failure of a call. If [isOutcomeUnknown] is false, the call has changed
/// nothing, except after 70500: a store of the server has failed, and the call
/// may have been executed.
final class LamplightException implements Exception {
  /// Creates a failure.
  const LamplightException(this.code, this.message);

  /// Creates a failure with the text of the table of codes.
  LamplightException.of(this.code, [String detail = ''])
      : message = detail.isEmpty
            ? LamplightCode.english(code)
            : '${LamplightCode.english(code)}: $detail';

  /// The code of the failure ([LamplightCode]): the code of the server's
  /// refusal, or one of the SDK's own.
  ///
  /// - 6014: there is no session.
  /// - 9508: the call was not sent, because there was no connection.
  /// - 9520: the call was sent, but not answered.
  final int code;

  /// The text of the code in English, with details.
  final String message;

  /// Whether the server may have executed the call (9520): it was not answered
  /// in time, or the link broke before the answer.
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

/// The reasons why a link, or an attempt to open one, can end.
enum LinkEndKind {
  /// The link was closed by the server or on the network path, without a
  /// reason.
  closed,

  /// Reading, writing or connecting failed.
  failed,

  /// Nothing was received for too long: the client got nothing after a request
  /// or a heartbeat, or the server got nothing within the heartbeat timeout.
  silent,

  /// The connection was not established in time.
  connectTimeout,

  /// The login was not answered in time.
  loginTimeout,

  /// The login was refused.
  refused,

  /// The application logged out before its login was answered.
  loggedOut,

  /// The server stops, or hands its clients over to another process. The server
  /// has asked this client to reconnect.
  moved,

  /// The server has too many connections, or too many from this address.
  tooManyConnections,

  /// The server has ended the link for another reason.
  endedByServer,

  /// The received bytes are not a message of the wire contract.
  protocol,

  /// The application was paused.
  paused,
}

/// The end of a link, or of an attempt to open one.
final class LinkEnd {
  /// Creates an end.
  const LinkEnd(this.kind, this.message, {this.refusal});

  /// The kind of the end.
  final LinkEndKind kind;

  /// The cause in words, for logs.
  final String message;

  /// The refusal of the login; null if the login was not refused.
  final LamplightException? refusal;

  @override
  String toString() => 'LinkEnd(${kind.name}: $message)';
}
