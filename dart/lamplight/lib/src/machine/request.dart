/// The calls of an application, as the connection machine sends them.
library;

import 'dart:convert';

import '../model/codes.dart';
import '../model/exception.dart';
import '../wire/checks.dart';

/// The size limit of a message before the login is answered, in bytes: the
/// server's default.
const frameBeforeLogin = 64 * 1024;

/// The size limit of a message after the login, in bytes: the server's default.
const frameAfterLogin = 512 * 1024;

/// The number of bytes of a message that are reserved for its id and its keys.
const frameSlack = 64;

/// The longest duration of a custom status in seconds: 30 days, as in the wire
/// contract.
const longestCustomStatus = 30 * 24 * 60 * 60;

/// The id of a call of the application. The driver chooses it, and never uses
/// an id twice.
typedef CallId = int;

/// The calls that are repeated after a broken link. They only read, or the
/// server recognizes that they are repeated.
const _repeatable = {
  'getUserStatus',
  'getSubscriptions',
  'getUsersInfo',
  'getFriendList',
  'getHistory',
  'getConversationList',
  'getBlockList',
  'sendMessage',
  'markRead',
};

/// A call to the server. It is sent when the session is live.
final class Request {
  /// Creates a call. [kind] is the name of its field in `ClientMessage`.
  Request(this.kind, [this.parameters = const {}]);

  /// The name of the field in `ClientMessage`, and of the answer's field in
  /// `ServerMessage`.
  final String kind;

  /// The parameters, in the form in which they are sent.
  final Map<String, Object?> parameters;

  /// Whether the call may be sent twice.
  bool get isRepeatable => _repeatable.contains(kind);

  /// The users in the parameters.
  List<String> get userIds =>
      (parameters['userIds'] as List<String>?) ?? const [];

  /// Whether this is a login that the application has made, not a replacement
  /// of the token.
  bool get isLoginOfApplication =>
      kind == 'login' && parameters['resume'] != true;

  /// The token of a login; empty for other calls.
  String get token => (parameters['userSig'] as String?) ?? '';

  /// Checks the fixed limits of the wire contract, and the size of the message.
  /// Returns the error, or null if the call may be sent. The server checks the
  /// limits that an app can change.
  ///
  /// The server closes the link of a client that sends too large a message.
  LamplightException? check() {
    final size = utf8.encode(jsonEncode(parameters)).length + frameSlack;
    if (kind == 'login') {
      return size > frameBeforeLogin
          ? LamplightException.of(LamplightCode.sigUnreadable, 'it is too long')
          : badToken(token);
    }
    if (_notUnicode(parameters) case final String name) {
      return invalid(
        '$name has half of a surrogate pair; cut the text between characters',
      );
    }
    if (size > frameAfterLogin) {
      return parameters.containsKey('userIds')
          ? LamplightException.of(LamplightCode.batchTooLarge)
          : invalid('the call does not fit into a message');
    }
    final named = [
      ...userIds,
      for (final key in const ['userId', 'to', 'peer'])
        if (parameters[key] case final String user) user,
    ];
    for (final user in named) {
      if (!isUserId(user)) return invalid('"$user" is not a userID');
    }
    if (parameters['clientMessageId'] case final String id
        when !isPrintable(id, 64)) {
      return invalid(
        'clientMessageId must be 1 to 64 bytes of printable ASCII',
      );
    }
    if (parameters['expiresIn'] case final int seconds
        when seconds < 1 ||
            seconds > longestCustomStatus ||
            parameters['customStatus'] == '') {
      return invalid(
        'expiresIn must be 1 second to 30 days, for a text that is not empty',
      );
    }
    return null;
  }
}

/// The first parameter whose text UTF-8 cannot encode; null if there is none.
/// Lists are skipped, because [Request.check] checks their userIDs.
String? _notUnicode(Map<String, Object?> parameters) {
  for (final MapEntry(key: name, :value) in parameters.entries) {
    final found = switch (value) {
      final String text when !isUnicode(text) => name,
      final Map<String, Object?> inner => _notUnicode(inner),
      _ => null,
    };
    if (found != null) return found;
  }
  return null;
}

/// Returns the refusal of a token that UTF-8 cannot encode; null if it can be
/// encoded.
LamplightException? badToken(String token) => isUnicode(token)
    ? null
    : LamplightException.of(
        LamplightCode.sigUnreadable,
        'it holds half of a surrogate pair, which is no character',
      );

/// A call of the application that waits to be sent or to be answered.
final class Call {
  /// Creates a call that was not sent yet.
  Call(CallId this.id, this.deadline, this.request);

  /// The id of the call; null after its timeout. The request is kept after
  /// that, because a late answer may still report changes.
  CallId? id;

  /// The time at which the call fails if there is no answer.
  final int deadline;

  /// The call.
  final Request request;

  /// Whether the call was sent at least once, so that the server may have
  /// executed it.
  bool isSent = false;

  /// The error of this call when its deadline passes without an answer.
  LamplightException get overdue => isSent ? noAnswer() : notSent();
}

/// The error of a call that was not sent.
LamplightException notSent() => LamplightException.of(
      LamplightCode.notConnected,
      'the call was not sent in time',
    );

/// The error of a call when the queue is full.
LamplightException tooManyCalls() => LamplightException.of(
      LamplightCode.calledTooOften,
      'too many calls wait for the connection',
    );

/// The error of a call that was not answered.
LamplightException noAnswer([String detail = '']) =>
    LamplightException.of(LamplightCode.noAnswer, detail);

/// The error of a call without a session.
LamplightException notLoggedIn() =>
    LamplightException.of(LamplightCode.notLoggedIn);

/// The error of all calls after the client was closed.
LamplightException closed() => LamplightException.of(
      LamplightCode.notLoggedIn,
      'the client is closed',
    );

/// The error of a call with an invalid parameter.
LamplightException invalid(String detail) =>
    LamplightException.of(LamplightCode.invalidParameter, detail);
