import { Hub } from '../share/hub.ts'
import { TRANSPORT } from '../transports/transport.ts'
import { describeGuard } from './through.ts'

describeGuard(TRANSPORT, Hub.create)
