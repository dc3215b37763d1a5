/// Tests an application that Flutter pauses and resumes.
library;

import '../support/runner.dart';
import '../support/script.dart';

const _scenarios = '''
## a pause closes the link, and nothing is due until the application is resumed
live
> paused
  close
  ! disconnected
> paused
> network
> next
  idle
> resumed
  ! connecting
  open
> up
  send resume me sig ann:5 me:1
> answer login ann:6
  ! connected
  ! status ann:6

## a pause ends a wait for the next attempt
live
> down
  close
  ! disconnected, again in 1000
> paused
  close
  ! disconnected
> next
  idle
> resumed
  ! connecting
  open

## a pause ends an attempt, and the link that came of it is none
live
> down
  close
  ! disconnected, again in 1000
> next
  after 1000
  ! connecting
  open
> up
  send resume me sig ann:5 me:1
> paused
  close
  ! disconnected
> resumed
  ! connecting
  open

## calls that wait in a pause fail at their time, as not sent
live
> message ann m1 hello
  send message ann m1 hello
> set hi
  send set hi
> paused
  close
  call 3: 9520
  ! disconnected
> set ho
> next
  after 10000
  call 2: 9520
  call 4: 9508
> next
  idle

## calls that wait in a short pause are made after it
live
> message ann m1 hello
  send message ann m1 hello
> paused
  close
  ! disconnected
> set ho
> wait 3000
> back
  ! connecting
  open
  send resume me sig ann:5 me:1
  ! connected
  send message ann m1 hello
  send set ho

## a first login is finished before a pause closes its link
> login me sig
  ! connecting
  open
> paused
> up
  send login me sig
> answer login me:1
  ! connected
  call 1: ok
  ! status me:1
  close
  ! disconnected
> next
  idle
> resumed
  ! connecting
  open

## a login while the application is paused is a wish to be connected
away
> login me fresh
  ! connecting
  open
> up
  send login me fresh ann:5 me:1
> answer login
  ! connected
  call 2: ok

## a resume without a pause tests the link
live
> resumed
  send heartbeat
> next
  after 3000
  close
  ! disconnected, again in 1000

## a pause says nothing of the path, and a long one is no sleep
live
> wait 12000
> paused
  close
  ! disconnected
> wait 3600000
> back
  ! connecting
  open
  send resume me sig ann:5 me:1
  ! connected
> wait 12000
> paused
  close
  ! disconnected
> back
  ! connecting
  open
  send resume me sig ann:5 me:1
  ! connected
> next
  after 18000
  send heartbeat

## a kick in the pause is told at the resume
away
> resumed
  ! connecting
  open
> up
  send resume me sig ann:5 me:1
> refuse login 6208
  close
  ! ended kicked by login

## a logout in a pause waits for the resume
away
> logout
> back
  ! connecting
  open
  send resume me sig ann:5 me:1
  ! connected
  send logout
> answer logout
  call 2: ok
  close
  ! ended logged out

## a pause without a session changes nothing
> paused
> login me sig
  ! connecting
  open
> up
  send login me sig
> answer login me:1
  ! connected
  call 1: ok
  ! status me:1
''';

void main() {
  test('pause and resume', () => equal(playAll(_scenarios), 12));
}
